// A link that is pasted into a tab opens it, whatever the tab shows; its token leaves the address first.

import { assert, calm, enter, go, holdings, newLink, scenario, still, stopped, store, told, visitor } from './support.mjs';

await scenario(async (browser) => {
  store([{ name: 'alpha', value: 'value-of-alpha' }]);
  await intoGates(browser);
  await afterTheEnd(browser);
  await wrong(browser);
});

/** Puts a link of the tab's own address into it, as pasting does: only the fragment changes. */
async function paste(page, link) {
  const token = new URL(link).hash;
  await page.evaluate((hash) => {
    window.kept = true;
    location.hash = hash;
  }, token);
  assert.equal(await page.evaluate(() => location.hash.includes('token')), false);
  return token;
}

async function isOpen(page, token) {
  await page.getByRole('button', { name: 'alpha', exact: true }).waitFor();
  await page.locator('.masthead').getByText('Unlocked').waitFor();
  assert.ok(await page.evaluate(() => window.kept), 'the page was loaded again');
  assert.ok(!(await holdings(page)).includes(token.split('=')[1]), 'the page holds the token');
  await go(page, 'Agents');
  await go(page, 'Secrets');
}

async function intoGates(browser) {
  for (const [hash, words] of [
    ['', 'This tab has no session'],
    ['#token=AAAA', 'This link has been used or has ended'],
  ]) {
    const one = await visitor(browser);
    one.expect(/status of 401/);
    const link = await newLink();
    await one.page.goto(new URL(`/${hash}`, link).href);
    await one.page.getByRole('heading', { name: words }).waitFor();
    await isOpen(one.page, await paste(one.page, link));
    calm(one);
    await one.context.close();
  }
}

// The next dashboard at the same port: the tab of the one that has ended is open again.
async function afterTheEnd(browser) {
  const first = await newLink();
  const { port } = new URL(first);
  const one = await visitor(browser);
  await one.page.goto(first);
  await one.page.getByRole('button', { name: 'alpha', exact: true }).waitFor();
  for (const way of ['closed', 'ended']) {
    if (way === 'closed') await closed(one.page);
    else await stopped('SIGINT');
    await one.page.getByRole('heading', { name: new RegExp(`^The dashboard (is closed|has ended)$`) }).waitFor();
    await stopped('SIGINT');
    await isOpen(one.page, await paste(one.page, await newLink(['--port', port])));
  }
  calm(one);
  await one.context.close();
}

async function closed(page) {
  await page.getByRole('button', { name: 'Close dashboard' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).last().click();
}

// A link that opens nothing ends no session that is open, and stays in no address.
async function wrong(browser) {
  const me = await enter(browser);
  me.expect(/status of 401/);
  const { page } = me;
  await paste(page, 'http://127.0.0.1/#token=AAAA');
  await told(page, 'That link has been used or has ended.');
  await still(page);
  await go(page, 'Status');
  await page.goBack();
  await page.goBack();
  assert.ok(!page.url().includes('token'));
  calm(me);
}
