// What `node --env-file` reads from each file of the folder that is named; null for what it refuses.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

function read(file) {
  const words = [`--env-file=${file}`, '--print', 'JSON.stringify(process.env)'];
  const { status, stdout } = spawnSync(process.execPath, words, { env: {}, encoding: 'utf8' });
  return status === 0 ? JSON.parse(stdout) : null;
}

const [folder] = process.argv.slice(2);
const files = readdirSync(folder).map((file) => [file, read(join(folder, file))]);
console.log(JSON.stringify({ version: process.version, files: Object.fromEntries(files) }));
