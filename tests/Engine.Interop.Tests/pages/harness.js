// Cases in the shape of the Web Platform Tests: a name and a function, which fails by throwing. WebPlatformTests.cs finds the names and runs them one by one.
const cases = new Map();

function test(name, run) {
  cases.set(name, run);
}

async function runCase(name) {
  try {
    await within(15_000, cases.get(name)());
    return null;
  } catch (error) {
    return String(error?.stack ?? error);
  }
}

function same(actual, expected, what = '') {
  const [seen, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (seen !== wanted) throw new Error(`${what} is ${seen}, not ${wanted}`);
}

function throws(name, run) {
  try {
    run();
  } catch (error) {
    same(error.name, name, 'the exception');
    return;
  }
  throw new Error(`no ${name} was thrown`);
}

function within(milliseconds, promise) {
  return Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error('it took too long')), milliseconds))]);
}

function next(target, type) {
  return new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
}

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(isTrue) {
  while (!await isTrue()) await wait(10);
}

let keys = 0;
const newKey = () => `${Date.now()}-${keys++}`;
const other = `http://localhost:${location.port}`;

// What the host saw of the requests with a key.
const seenBy = async (key) => (await fetch(`/seen?key=${key}`)).json();

function query(parameters) {
  return Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`).join('&');
}
