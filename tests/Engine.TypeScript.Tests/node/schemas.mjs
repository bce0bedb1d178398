// The samples against the schemas of the document, by the validator that the parser stands on.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const Ajv = createRequire(createRequire(import.meta.url).resolve("@asyncapi/parser"))("ajv");
const document = JSON.parse(await readFile("contract.json", "utf8"));
const samples = JSON.parse(await readFile("samples.json", "utf8"));
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema({ $id: "http://contract.example/all", components: document.components });
const names = Object.fromEntries(Object.entries(document.components.messages).map(([name, message]) => [message.name, name]));
const validate = (message) => {
  const check = ajv.getSchema(`http://contract.example/all#/components/schemas/${names[message.type]}`);
  return check(message) ? [] : check.errors;
};

for (const sample of samples) {
  assert.deepEqual(validate(sample), [], sample.type);
}

const [scalars, gaps, nested] = samples;
const broken = [{ ...scalars, serial: 5 }, { ...gaps, read: undefined }, { ...nested, shape: { ...nested.shape, kind: "square" } }];
for (const message of broken) {
  assert.notDeepEqual(validate(JSON.parse(JSON.stringify(message))), [], message.type);
}

console.log(`${samples.length} samples meet their schemas; ${broken.length} broken ones do not`);
