// node asyncapi.mjs FILE: what the parser finds in the document; ends with 1, and its complaints, for one that is not valid.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(await readFile(process.argv[2], "utf8"));
const errors = diagnostics.filter((one) => one.severity === 0);
if (!document || errors.length > 0) {
  console.error(JSON.stringify(errors, null, 2));
  process.exit(1);
}

console.log(JSON.stringify({
  version: document.version(),
  channels: Object.fromEntries(document.channels().all().map((channel) => [channel.id(), channel.address()])),
  operations: document.operations().all().map((operation) =>
    `${operation.id()} ${operation.action()} ${operation.messages().all().map((message) => message.id()).sort().join(",")}`),
}));
