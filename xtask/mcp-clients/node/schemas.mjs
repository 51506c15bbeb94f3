// Ajv, which knows draft-07 alone here and says nothing of the schemas, strict as it is, and judges the answers by them.

import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { args, calls, command, version } from "./scenario.mjs";

const said = [];
const logger = { log: (...words) => said.push(words), warn: (...words) => said.push(words), error: (...words) => said.push(words) };
const ajv = new Ajv({ strict: true, logger });
const client = new Client({ name: "test", version: "1" });
await client.connect(new StdioClientTransport({ command, args }));
for (const { name, inputSchema, outputSchema } of (await client.listTools()).tools) {
  const [takes, answers] = [inputSchema, outputSchema].map((schema) => ajv.compile(schema));
  for (const [, given] of calls.filter(([tool]) => tool === name)) {
    assert(takes(given), ajv.errorsText(takes.errors));
    const { structuredContent } = await client.callTool({ name, arguments: given });
    assert(answers(structuredContent), ajv.errorsText(answers.errors));
  }
}
await client.close();
assert.deepEqual(said, []);
console.log(`${version("ajv")}: draft-07`);
