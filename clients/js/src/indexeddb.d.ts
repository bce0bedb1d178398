/**
 * Opens a storage for {@link TopicClientOptions.storage} in IndexedDB, for more than the few megabytes of `localStorage`. What an earlier page left is there when the
 * promise resolves; each change is written behind, a moment after `publish`.
 * @param name The database's name; `engine-topics` by default.
 * @param onError Told when a change could not be written: the message is sent all the same, but would not outlive the page.
 */
export function openStorage(name?: string, onError?: (error: unknown) => void): Promise<Storage>;
