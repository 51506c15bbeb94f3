// Starts an MCP server as an agent's program does, and calls one of its tools.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const redirected = new URL('./redirected.mjs', import.meta.url);
const initialize = {
  protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'sdks', version: '1' },
};

/** Takes the server's file below `node_modules`, with its flags after it. */
export function call(server, name, args = {}) {
  const [file, ...flags] = server.split(' ');
  const path = fileURLToPath(new URL(`../../node_modules/${file}`, import.meta.url));
  const child = spawn(process.execPath, ['--import', redirected.href, path, ...flags], {
    env: { ...process.env, RECORDER: process.argv[2] }, stdio: ['pipe', 'pipe', 'inherit'],
  });
  const send = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id } = JSON.parse(line);
    if (id === 1) {
      send({ method: 'notifications/initialized' });
      send({ id: 2, method: 'tools/call', params: { name, arguments: args } });
    }
    if (id === 2) child.kill();
  });
  send({ id: 1, method: 'initialize', params: initialize });
}
