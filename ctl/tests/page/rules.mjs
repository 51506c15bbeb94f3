// What the page knows by heart is what the program knows: `.env` lines, patterns of presets, names.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mapped, parse } from '../../src/commands/ui/page/dotenv.js';
import { generate } from '../../src/commands/ui/page/generate.js';
import { nameTrouble } from '../../src/commands/ui/page/names.js';
import * as settings from '../../src/commands/ui/page/settings.js';

globalThis.crypto ??= webcrypto;

const run = (...words) => spawnSync(process.env.VAULTCTL, words, { encoding: 'utf8' });
const { presets } = JSON.parse(run('presets', '--json').stdout);

for (const field of presets.flatMap((one) => one.fields)) if (field.pattern) new RegExp(field.pattern, 'u');

const FILES = [
  'OPENAI_API_KEY=sk-1\nMY_OWN=2\n',
  '# a remark\n\nA=1\n export B = two words # a remark\r\nC=\nD=a#b\n',
  "A='a \\n $b # c\nd' # a remark\n",
  'A="a\\n\\"\\$b\\\\\nc"\n',
  "A='1\n2'\n\nB=3\n",
  'A=1\nA=2\n',
  '\uFEFFA=1',
  'AGENTICMAIL_VAULT_KEY=x\nA=vault://b\nC=1\n',
  'GEMINI_API_KEY=1\nGOOGLE_API_KEY=1\n',
  'GEMINI_API_KEY=1\nGOOGLE_API_KEY=2\n',
  'AWS_REGION=eu-1\nAWS_DEFAULT_REGION=us-1\n',
  'A=1\nsk-123\n',
  "A='x",
  'A/B=x',
  "A='x' y\n",
  'A="x\\',
  'A=b=c\n',
  "A=it's\n",
  'A = "x" # y\nB=2',
  'NODE_ENV=production\nPORT=3000\nHOST=user:pw@db\nHost=0.0.0.0\nOPENAI_API_KEY=sk-1\nSMTP_HOST=smtp.example.com\n',
  'VITE_API_KEY=abc\nSTRIPE_SECRET_KEY=sk_test_1\nnext_public_x=1\nCACHE=True\nMY_KEY=true\nEMPTY=\n',
  'MAX_RETRIES=3\nSAMPLE_RATE=.5\nX_TTL=1e3\nY_TTL=0x10\nZ_TTL=5.\nW_TTL=inf\nV_TTL=e3\nDOOR=4711\nMY_PIN_COUNT=4\n',
  'A=http://127.0.0.1:8080/x\nB=redis://:pw@localhost:6379\nC=localhost?password=x\nD=localhost\nE=localhosts\n',
  'PORT=3000\nPORT=vault://port\nMODE=off\nMODE=on-call\n',
];

// The lists of what is a setting stand in the program and in the page; a variable of each says that they are used alike.
const program = readFileSync(new URL('../../src/commands/import/settings.rs', import.meta.url), 'utf8');
for (const [name, list] of Object.entries(settings).filter(([, one]) => Array.isArray(one))) {
  const theirs = program.match(new RegExp(`const ${name}: [^=]*=\\s*\\[([^\\]]*)\\]`))[1].matchAll(/"([^"]+)"/g);
  assert.deepEqual([...theirs].map(([, word]) => word), list, name);
}
FILES.push(settings.SETTINGS.map((name) => `${name}=x`).join('\n'));
FILES.push(settings.PUBLIC.map((begins) => `${begins}A=x`).join('\n'));
FILES.push(settings.NUMBERS.map((ends) => `OF_${ends}=7\nTHE_${ends}=x`).join('\n'));
FILES.push(settings.SECRET.map((word) => `OF_${word}_PORT=7`).join('\n'));
FILES.push(settings.SWITCHES.map((word, at) => `SWITCH${at}=${word}`).join('\n'));

const readings = new URL('../../../tests/fixtures/dotenv/readings.json', import.meta.url);
FILES.push(...Object.values(JSON.parse(readFileSync(readings)).cases).map(({ text }) => text));

for (const text of FILES) {
  const found = ours(text);
  assert.deepEqual(found.names ?? found, theirs(text), JSON.stringify(text));
  for (const { name, value } of found.entries ?? []) assert.equal(run('get', name).stdout, value, JSON.stringify(text));
}

function ours(text) {
  try {
    const { entries } = mapped(parse(text), presets);
    return { entries, names: entries.map(({ name }) => name) };
  } catch (error) {
    return Number(error.message.match(/^Line (\d+)/)[1]);
  }
}

function theirs(text) {
  const file = join(process.env.HOME, 'lines.env');
  writeFileSync(file, text, { mode: 0o600 });
  const { status, stdout, stderr } = run('import', 'dotenv', file, '--on-conflict', 'overwrite', '--json');
  rmSync(file);
  return status === 0 ? JSON.parse(stdout).entries.map(({ name }) => name) : Number(stderr.match(/line (\d+)/)[1]);
}

for (const [name, good] of [
  ['a', true],
  ['skill:a:b', true],
  ['skill:a', true],
  ['skill:a.b_c-1:d', true],
  ['Grüße und mehr', true],
  ['skill:a:accessKeyId', true],
  ['skill:A:b', false],
  ['skill:A', false],
  ['skill:', false],
  ['skill:a:', false],
  ['skill:a:b:c', false],
  ['', false],
  [' a', false],
  ['a ', false],
  ['a\nb', false],
  ['ä'.repeat(128), true],
  ['ä'.repeat(129), false],
]) {
  assert.equal(nameTrouble(name) === '', good, name);
  if (!name) continue;
  const { status } = spawnSync(process.env.VAULTCTL, ['set', '--', name], { input: 'value' });
  assert.equal(status === 0, good, `vaultctl on ${name}`);
}

for (const alphabet of ['letters', 'symbols', 'hex', 'digits']) {
  const value = generate(4000, alphabet);
  assert.equal(value.length, 1024);
  assert.ok(new Set(value).size >= 10 && value !== generate(4000, alphabet));
}
assert.equal(generate(1, 'hex').length, 8);
