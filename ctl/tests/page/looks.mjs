// Every view and dialog, in one theme and some widths, from 320 pixels, which is a page at 400 %, to 2560: nothing that axe
// finds, nothing that scrolls sideways.

import { assert, calm, enter, field, go, newLink, scenario, still, told, visitor } from './support.mjs';
import { looking } from './barriers.mjs';
import { fill } from './filled.mjs';

const [theme, widths] = [process.argv[2], process.argv[3].split(',').map(Number)];
const LINES = Array.from({ length: 9 }, (_, n) => `VARIABLE_${n}=value\n`).join('');
const { found, look } = looking(theme, widths);

await scenario(async (browser) => {
  const options = { theme, width: 1280, permissions: ['clipboard-write'] };
  await gates(browser, options);
  const me = await enter(browser, options);
  await empty(me.page);
  fill();
  await me.page.reload();
  await tour(me.page);
  calm(me);
});
assert.deepEqual(found, []);

async function tour(page) {
  await secrets(page);
  await adding(page);
  await viewing(page);
  await log(page);
  await agents(page);
  await status(page);
}

/** Closes what is open, with what is typed in it. */
async function close(page) {
  await page.getByRole('dialog').last().evaluate((node) => node.close());
  await still(page);
}

/** Opens something by a button, looks at it and closes it. */
async function opened(page, name, button) {
  await button.click();
  await look(page, name);
  await close(page);
}

async function empty(page) {
  for (const [view, words] of [
    ['Agents', 'No agents yet'],
    ['Secrets', 'No secrets yet'],
  ]) {
    await go(page, view);
    await page.getByRole('heading', { name: words }).waitFor();
    await look(page, `empty-${view.toLowerCase()}`);
  }
}

async function secrets(page) {
  await page.locator('tbody .pill').first().waitFor();
  await look(page, 'secrets');
  await page.getByRole('button', { name: 'Light or dark' }).focus();
  await page.keyboard.press('Control+k');
  await look(page, 'palette');
  await close(page);
  await page.keyboard.press('?');
  await look(page, 'keys');
  await close(page);
  await page.getByRole('checkbox', { name: 'Choose backup passphrase' }).check();
  await look(page, 'secrets-chosen');
  await opened(page, 'delete-many', page.getByRole('button', { name: 'Delete', exact: true }));
  await page.getByRole('button', { name: 'Choose none' }).click();
  await opened(page, 'delete', page.getByRole('button', { name: 'Delete backup passphrase' }));
  await opened(page, 're-encrypt', page.getByRole('button', { name: 'Re-encrypt backup passphrase' }));
  await page.getByRole('searchbox').fill('there is none');
  await page.getByRole('heading', { name: 'No secret fits' }).waitFor();
  await page.getByRole('searchbox').fill('there is none at all');
  await look(page, 'secrets-none');
  await page.getByRole('button', { name: 'Show all' }).click();
}

async function adding(page) {
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog');
  await look(page, 'add-choice');
  await dialog.getByRole('combobox').fill('aws');
  await look(page, 'add-sought');
  await dialog.getByRole('combobox').press('Enter');
  await dialog.getByRole('button', { name: 'Replace Access Key ID' }).click();
  await field(dialog, 'Access Key ID').fill('not one');
  await look(page, 'add-platform');
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  await field(dialog, 'Name').fill('skill:Not a name');
  await dialog.getByText('Generate a value').click();
  await dialog.getByRole('button', { name: 'Add a row' }).click();
  await look(page, 'add-custom');
  await dialog.getByRole('tab', { name: 'Paste .env' }).click();
  await field(dialog, 'Lines of a .env file').fill(LINES);
  await dialog.getByText('9 secrets found').waitFor();
  // What is longer than its place scrolls, by keys too.
  const list = dialog.locator('.found');
  await list.focus();
  assert.ok(await list.evaluate((node) => node === document.activeElement && node.scrollHeight > node.clientHeight));
  await look(page, 'add-env');
  await page.keyboard.press('Escape');
  await look(page, 'discard');
  await page.getByRole('button', { name: 'Discard', exact: true }).click();
}

async function viewing(page) {
  await page.getByRole('button', { name: 'skill:openai:access_token', exact: true }).click();
  const dialog = page.getByRole('dialog').first();
  await dialog.getByText('ticket').waitFor();
  await dialog.getByText('Versions').click();
  await dialog.getByText('Version 2').waitFor();
  await look(page, 'secret');
  await opened(page, 'restore', dialog.getByRole('button', { name: 'Restore version 1' }));
  await dialog.getByRole('button', { name: 'Show value' }).click();
  await dialog.getByText('Hidden again in').waitFor();
  await look(page, 'secret-shown');
  await dialog.getByRole('button', { name: 'Copy value' }).click();
  await told(page, 'Copied.');
  await look(page, 'secret-copied');
  await dialog.getByRole('button', { name: 'Edit' }).click();
  await look(page, 'secret-edit');
  await close(page);
}

async function log(page) {
  await go(page, 'Audit log');
  await page.getByText('Chain verified').waitFor();
  await page.locator('tbody .chip').first().waitFor();
  await look(page, 'audit');
  await page.getByRole('button', { name: /^Action: / }).click();
  await look(page, 'audit-actions');
  await page.keyboard.press('Escape');
  await page.locator('tbody .name-button').first().click();
  await page.getByText('Link of the chain').waitFor();
  await look(page, 'entry');
  await close(page);
  await opened(page, 'export', page.getByRole('button', { name: 'Export…' }));
}

async function agents(page) {
  await go(page, 'Agents');
  await page.getByText('research-bot').waitFor();
  await look(page, 'agents');
  await opened(page, 'agent-remove', page.getByRole('button', { name: 'Remove research-bot' }));
  await opened(page, 'agent-renew', page.getByRole('button', { name: 'New token for research-bot' }));
  await page.getByRole('button', { name: 'Add agent' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('What its process must be').click();
  await look(page, 'agent-add');
  await field(dialog, 'Name').fill('writer');
  await field(dialog, 'Names').fill('skill:notion:*');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await dialog.getByText('This token is shown this once').waitFor();
  await look(page, 'agent-token');
  await dialog.getByRole('button', { name: 'I have it' }).press('Enter');
  await dialog.waitFor({ state: 'hidden' });
}

async function status(page) {
  await go(page, 'Status');
  await page.locator('.lines').nth(2).waitFor();
  await look(page, 'status');
  await page.getByRole('button', { name: 'Re-encrypt all…' }).click();
  await look(page, 're-encrypt-all');
  await page.getByRole('button', { name: 'Re-encrypt all', exact: true }).click();
  await page.getByText('11 secrets re-encrypted').waitFor();
  await look(page, 're-encrypted-all');
  await page.getByRole('button', { name: 'Done' }).click();
  await opened(page, 'close', page.getByRole('button', { name: 'Close dashboard' }));
  await page.getByRole('button', { name: 'Lock now…' }).click();
  await look(page, 'lock');
  await page.getByRole('button', { name: 'Lock now', exact: true }).click();
  await page.getByRole('heading', { name: 'Locked', exact: true }).waitFor();
  await look(page, 'status-locked');
  await opened(page, 'unlock', page.getByRole('button', { name: 'Unlock…' }));
  await go(page, 'Secrets');
  await look(page, 'secrets-locked');
}

/** What is there without a session, and what the stream of one says, which is said here in its place. */
async function gates(browser, options) {
  const none = await visitor(browser, options);
  await none.page.goto(new URL('/', await newLink()).href);
  await none.page.getByRole('heading', { name: 'This tab has no session' }).waitFor();
  await look(none.page, 'gate');
  calm(none);
  await none.context.close();

  const one = await visitor(browser, options);
  const { page } = one;
  await page.addInitScript(spoken);
  await page.goto(await newLink());
  await go(page, 'Status');
  await page.getByRole('heading', { name: 'Unlocked', exact: true }).waitFor();
  await said(page, 'vault', 'slow');
  await page.getByRole('heading', { name: 'Not known' }).waitFor();
  await look(page, 'status-unknown');
  await said(page, 'vault', 'unlocked');
  await go(page, 'Agents');
  await page.getByRole('button', { name: 'Add agent' }).click();
  await field(page.getByRole('dialog'), 'Name').fill('typed');
  await said(page, 'ending', '60');
  await page.getByRole('dialog', { name: 'Stay?' }).waitFor();
  await look(page, 'stay');
  await said(page, 'staying', '');
  await said(page, 'vault', 'slow');
  await page.getByText('Slow to answer').waitFor();
  await look(page, 'slow');
  await said(page, 'ended', 'idle');
  await page.getByRole('heading', { name: 'The dashboard has ended' }).waitFor();
  await look(page, 'ended');
  calm(one);
  await one.context.close();
}

function said(page, event, data) {
  return page.evaluate((words) => window.spoken(...words), [event, data]);
}

// Runs in the page: what its session's stream says is what a test says.
function spoken() {
  const ask = window.fetch;
  const stream = (to) => {
    window.spoken = (event, data) => to.enqueue(new TextEncoder().encode(`event: ${event}\ndata: ${data}\n\n`));
    window.spoken('vault', 'unlocked');
  };
  const said = async () => new Response(new ReadableStream({ start: stream }));
  window.fetch = (...given) => (given[0] === '/session/stream' ? said() : ask(...given));
}
