// A value is on the page only while somebody looks at it.

import { assert, audited, calm, enter, held, holdsNot, scenario, store, told } from './support.mjs';

const VALUE = 'sk-the-value-itself-0123456789';

await scenario(async (browser) => {
  store([
    { name: 'skill:openai:access_token', value: VALUE },
    { name: 'expired', value: 'old', expiresAt: '2020-01-01T00:00:00.000Z' },
  ]);
  const me = await enter(browser, { permissions: ['clipboard-write'] });
  const { page } = me;
  // Time stands still, however long a step takes; it passes where that is asked for.
  const now = Date.now();
  await page.clock.install({ time: now });
  await page.clock.pauseAt(now + 3_600_000);
  await masked(page);
  await afterTime(page);
  await whenNobodyLooks(me);
  await inFlight(page);
  await copied(me);
  await expired(me);
  calm(me);
});

function decrypts() {
  return audited('--action', 'decrypt').length;
}

async function open(page, name = 'skill:openai:access_token') {
  await page.getByRole('button', { name, exact: true }).click();
  await page.getByRole('dialog').getByText('Created by').waitFor();
  return page.getByRole('dialog');
}

async function show(dialog) {
  await dialog.getByRole('button', { name: 'Show value' }).click();
  await dialog.getByText(VALUE).waitFor();
}

async function hidden(page) {
  await page.getByRole('dialog').getByText('Hidden again.').waitFor();
  await holdsNot(page, VALUE);
}

// Opening a secret reads metadata alone; the mask does not tell the value's length.
async function masked(page) {
  const dialog = await open(page);
  assert.equal(decrypts(), 0);
  await holdsNot(page, VALUE);
  assert.equal((await dialog.locator('.value-box').innerText()).length, 12);
  await show(dialog);
  assert.equal(decrypts(), 1);
  const { metadata, actor } = audited('--action', 'decrypt')[0];
  assert.deepEqual([metadata.ip, metadata.claimedClient], ['127.0.0.1', 'dashboard'], actor);
  const kept = await page.evaluate(
    () => location.href + document.title + JSON.stringify([sessionStorage, localStorage, history.state]),
  );
  assert.ok(!kept.includes(VALUE));
  await dialog.getByRole('button', { name: 'Hide value' }).click();
  await hidden(page);
}

async function afterTime(page) {
  const dialog = page.getByRole('dialog');
  await show(dialog);
  await page.clock.runFor(19_000);
  assert.ok((await dialog.locator('.value-box').innerText()).includes(VALUE));
  await page.clock.runFor(1_500);
  await hidden(page);
}

async function whenNobodyLooks({ page, context }) {
  const dialog = page.getByRole('dialog');
  for (const leave of [
    () => page.evaluate(() => window.dispatchEvent(new Event('blur'))),
    () =>
      page.evaluate(() => {
        Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
        delete document.visibilityState;
      }),
  ]) {
    await show(dialog);
    await leave();
    await hidden(page);
  }
  // Going to another view closes what was open, and takes the value with it.
  await show(dialog);
  await page.evaluate(() => {
    location.hash = '#/status';
  });
  await dialog.waitFor({ state: 'detached' });
  await holdsNot(page, VALUE);
  // Going back opens it again, as its address says, and shows no value.
  await page.goBack();
  await show(dialog);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await holdsNot(page, VALUE);
  assert.equal(context.pages().length, 1);
}

// Who has left before the answer comes does not find the value on the page later.
async function inFlight(page) {
  const dialog = await open(page);
  const value = await held(page, /\/vault\/secrets\/[^/?]+$/);
  await dialog.getByRole('button', { name: 'Show value' }).click();
  await value.asked;
  const failed = page.waitForEvent('requestfailed');
  await page.evaluate(() => window.dispatchEvent(new Event('blur')));
  await failed;
  value.release();
  await page.unrouteAll({ behavior: 'wait' });
  await holdsNot(page, VALUE);
}

async function copied({ page, context }) {
  const before = decrypts();
  await page.evaluate(() => {
    window.written = [];
    const { clipboard } = navigator;
    const [write, writeText] = [clipboard.write.bind(clipboard), clipboard.writeText.bind(clipboard)];
    clipboard.write = async (items) => {
      await write(items);
      window.written.push(await (await items[0].getType('text/plain')).text());
    };
    clipboard.writeText = async (text) => {
      await writeText(text);
      window.written.push(text);
    };
  });
  await page.getByRole('dialog').getByRole('button', { name: 'Copy value' }).click();
  await told(page, 'Copied.');
  assert.equal(decrypts(), before + 1);
  await holdsNot(page, VALUE);
  assert.deepEqual(await page.evaluate(() => window.written), [VALUE]);
  await page.clock.runFor(31_000);
  assert.deepEqual(await page.evaluate(() => window.written), [VALUE]);
  await page.keyboard.press('Tab');
  await page.waitForFunction(() => window.written.at(-1) === '');
  await page.keyboard.press('Escape');
  assert.equal(context.pages().length, 1);
}

async function expired({ page, expect }) {
  expect(/status of 404/);
  const dialog = await open(page, 'expired');
  await dialog.getByRole('button', { name: 'Show value' }).click();
  await dialog
    .getByRole('alert')
    .getByText(/expired/i)
    .waitFor();
}
