// MCP Inspector's command line, which makes of each argument's text what its schema says.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { args, assertAnswer, assertTools, calls, command, version } from "./scenario.mjs";

const inspector = fileURLToPath(new URL("../node_modules/.bin/mcp-inspector", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "inspector-"));
const config = join(folder, "mcp.json");
writeFileSync(config, JSON.stringify({ mcpServers: { vault: { type: "stdio", command, args } } }));

function ask(method, more = []) {
  const asked = ["--cli", "--config", config, "--server", "vault", "--method", method, ...more];
  return JSON.parse(execFileSync(inspector, asked, { encoding: "utf8" }));
}

try {
  assertTools(ask("tools/list").tools);
  for (const [tool, given, holds] of calls) {
    const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
    const pairs = Object.entries(given).flatMap(([name, value]) => ["--tool-arg", `${name}=${text(value)}`]);
    assertAnswer(ask("tools/call", ["--tool-name", tool, ...pairs]), tool, holds);
  }
  console.log(version("@modelcontextprotocol/inspector"));
} finally {
  rmSync(folder, { recursive: true });
}
