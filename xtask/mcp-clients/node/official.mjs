// The official SDK, with a limit for each request that a long call outlasts by its signs of life alone.

import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { args, assertAnswer, assertTools, calls, command, version } from "./scenario.mjs";

const client = new Client({ name: "test", version: "1" });
await client.connect(new StdioClientTransport({ command, args }));
assertTools((await client.listTools()).tools);
for (const [name, given, holds] of calls) {
  assertAnswer(await client.callTool({ name, arguments: given }), name, holds);
}
const refused = await client.callTool({ name: "run_command", arguments: { command: "echo on" } });
assert(refused.isError && refused.content[0].text.includes("`command`"), JSON.stringify(refused));
const heard = [];
const options = { timeout: 8000, resetTimeoutOnProgress: true, onprogress: (progress) => heard.push(progress) };
const long = { name: "run_command", arguments: { command: ["sleep", "10"] } };
assertAnswer(await client.callTool(long, undefined, options), "run_command", (a) => a.exitCode === 0 && heard.length > 0);
await client.close();
console.log(version("@modelcontextprotocol/sdk"));
