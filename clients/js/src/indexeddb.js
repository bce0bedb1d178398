const asPromise = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/**
 * Opens a storage for the outbox in IndexedDB, which has room for more than `localStorage` and blocks no page: what it holds is read once, here, and every change is
 * written behind, in order. See indexeddb.d.ts.
 */
export async function openStorage(name = 'engine-topics', onError = () => {}) {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('outbox');
  const database = await asPromise(opening);
  const store = (mode) => database.transaction('outbox', mode, { durability: 'relaxed' }).objectStore('outbox');
  const reading = store('readonly');
  const [keys, values] = await Promise.all([asPromise(reading.getAllKeys()), asPromise(reading.getAll())]);
  const items = new Map(keys.map((key, index) => [key, values[index]]));
  const write = (change) => {
    try {
      change(store('readwrite')).onerror = ({ target }) => onError(target.error);
    } catch (error) {
      onError(error);
    }
  };
  return {
    get length() { return items.size; },
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem(key, value) {
      items.set(key, value);
      write((to) => to.put(value, key));
    },
    removeItem(key) {
      items.delete(key);
      write((to) => to.delete(key));
    },
    clear() {
      items.clear();
      write((to) => to.clear());
    },
  };
}
