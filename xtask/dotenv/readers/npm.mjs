// What npm's `dotenv` reads from each file of the folder that is named.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parse } from 'dotenv';

const [folder] = process.argv.slice(2);
const { version } = createRequire(import.meta.url)('dotenv/package.json');
const files = readdirSync(folder).map((file) => [file, parse(readFileSync(join(folder, file)))]);
console.log(JSON.stringify({ version, files: Object.fromEntries(files) }));
