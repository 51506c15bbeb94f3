// The audit log: narrowed, looked into, followed as it grows, taken away as a file.

import { readFileSync } from 'node:fs';
import { assert, calm, enter, field, go, held, scenario, store, told, vaultctl } from './support.mjs';

await scenario(async (browser) => {
  store(Array.from({ length: 60 }, (_, at) => ({ name: `item ${at}`, value: 'v' })));
  store([{ name: '=HYPERLINK("x"),"', value: 'v' }]);
  vaultctl(['get', 'item 7']);
  const me = await enter(browser);
  const { page } = me;
  await go(page, 'Audit log');
  await narrowed(page);
  await lookedInto(page);
  await followed(page);
  await exported(page);
  await broken(page);
  calm(me);
});

/** Ticks actions, and closes their list. */
async function actions(page, ...all) {
  await page.getByRole('button', { name: /^Action: / }).click();
  for (const one of all) await page.getByRole('checkbox', { name: one, exact: true }).check();
  await page.keyboard.press('Escape');
}

function rows(page) {
  return page.locator('tbody tr');
}

async function narrowed(page) {
  await page.getByText(/^#\d+ to #\d+ of \d+ entries$/).waitFor();
  await page.getByRole('button', { name: 'Older' }).click();
  await page.waitForURL(/before=\d+/);
  await actions(page, 'decrypt');
  await page.getByText(/^#\d+ of 1 entry$/).waitFor();
  assert.match(page.url(), /#\/audit\?action=decrypt$/);
  assert.match(await rows(page).innerText(), /decrypt[\s\S]*OK[\s\S]*item 7[\s\S]*uid:/);
  await field(page, 'Outcome').selectOption('denied');
  await page.getByRole('heading', { name: 'No entry fits' }).waitFor();
  await page.goBack();
  await page.getByText(/^#\d+ of 1 entry$/).waitFor();
  const today = await page.evaluate(() => new Date().toLocaleDateString('sv'));
  await field(page, 'To').fill(today);
  await field(page, 'From').fill(today);
  await page.getByText(/^#\d+ of 1 entry$/).waitFor();
  await field(page, 'From').fill('2000-01-01');
  await field(page, 'To').fill('2000-01-02');
  await page.getByRole('heading', { name: 'No entry fits' }).waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();
  await page.getByRole('searchbox').fill('item 7');
  await page.getByText(/ of 2 entries$/).waitFor();
}

async function lookedInto(page) {
  await page.getByText(/^Chain verified, \d+ entries$/).waitFor();
  const { head } = JSON.parse(vaultctl(['audit', 'verify', '--json']));
  await page.getByRole('button', { name: 'Verify again' }).click();
  assert.ok(head.startsWith((await page.locator('.head-hash').innerText()).replace('…', '')) || head.length === 64);
  await page.getByRole('button', { name: /^Entry \d+: decrypt item 7$/ }).click();
  const dialog = page.getByRole('dialog');
  const words = await dialog.innerText();
  for (const part of [/uid \d+/, /gid \d+/, /pid \d+/, /vaultctl/, /"version": 1/, /[0-9a-f]{64}/])
    assert.match(words, part);
  await page.keyboard.press('Escape');
  await page.getByRole('searchbox').fill('');
  await page.getByText(/^#\d+ to #\d+ of \d+ entries$/).waitFor();
}

async function followed(page) {
  const live = page.getByRole('button', { name: 'Live', exact: true });
  const stream = await held(page, /\/vault\/events$/);
  // What is recorded after the list was read and before the stream begins is shown too.
  const read = page.waitForResponse(/\/vault\/audit-log\?/);
  await page.getByRole('button', { name: 'Follow live' }).click();
  await live.waitFor();
  await read;
  vaultctl(['get', 'item 3']);
  stream.release();
  await page.getByRole('button', { name: /decrypt item 3$/ }).waitFor();
  vaultctl(['get', 'item 4']);
  await page.getByRole('button', { name: /decrypt item 4$/ }).waitFor();
  await live.click();
  await page.getByRole('button', { name: 'Follow live' }).waitFor();
}

async function exported(page) {
  const csv = await download(page, 'csv');
  const lines = csv.trimEnd().split('\r\n');
  const { total } = JSON.parse(vaultctl(['audit', '--json', '--limit', '1']));
  assert.ok(
    lines[0].startsWith('seq,createdAt,action,outcome') && lines.length - 1 <= total && lines.length > 60,
    `${lines.length} of ${total}`,
  );
  // A name that a spreadsheet would take for a formula is none in the file.
  assert.match(csv, /,"'=HYPERLINK\(""x""\),""",/);
  await actions(page, 'decrypt');
  await page.getByText(/ of 3 entries$/).waitFor();
  const entries = (await download(page, 'jsonl'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    entries.map((one) => one.entryName),
    ['item 7', 'item 3', 'item 4'],
  );
  assert.ok(entries.every((one) => one.mac.length === 64));
}

async function download(page, kind) {
  await page.getByRole('button', { name: 'Export…' }).click();
  await field(page.getByRole('dialog'), 'Form').selectOption(kind);
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('dialog').getByRole('button', { name: 'Export' }).click(),
  ]);
  await told(page, /entries exported\.$/);
  assert.match(file.suggestedFilename(), new RegExp(`^vault-audit-[0-9-]+\\.${kind}$`));
  return readFileSync(await file.path(), 'utf8');
}

async function broken(page) {
  await page.route(/audit-log\/verify$/, (route) =>
    route.fulfill({ json: { intact: false, entries: 9, head: null, firstBroken: 4, reason: 'edited' } }),
  );
  await page.getByRole('button', { name: 'Verify again' }).click();
  await page.getByText('The chain breaks at entry 4: it was changed').waitFor();
  await rows(page).nth(2).waitFor();
  await rows(page).nth(3).waitFor({ state: 'detached' });
}
