// What every client of node does: it drives each tool, with the server's command in its arguments.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

export const [command, ...args] = process.argv.slice(2);

const secret = { command: ["sh", "-c", "echo $SECRET"], env: { SECRET: "key" } };

/** Each call: the tool, its arguments, and what has to hold of the answer. */
export const calls = [
  ["list_secrets", { limit: 1 }, (a) => a.secrets.length === 1 && a.total === 2],
  ["discover_secrets", { platform: "openai" }, (a) => a.platforms[0].fields[0].env === "OPENAI_API_KEY"],
  ["describe_secret", { name: "openai" }, (a) => a.name === "skill:openai:access_token"],
  ["request_secret", { name: "stripe" }, (a) => a.command.endsWith(" add stripe")],
  ["run_command", secret, (a) => a.stdout === "[vault:key]\n" && a.exitCode === 0],
];

/** Asserts that these are the tools. */
export function assertTools(tools) {
  assert.deepEqual(tools.map((tool) => tool.name).sort(), calls.map(([tool]) => tool).sort());
}

/** Asserts that an answer is as it has to be. */
export function assertAnswer(answer, tool, holds) {
  assert(!answer.isError && holds(answer.structuredContent), `${tool}: ${JSON.stringify(answer)}`);
}

/** The version of an installed package. */
export function version(name) {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return `${name} ${JSON.parse(readFileSync(file)).version}`;
}
