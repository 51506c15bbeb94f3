// Names, metadata, claims and error texts that look like markup are text, wherever they stand.

import { assert, calm, enter, field, go, scenario, store } from './support.mjs';

const MARKUP = [
  '<img src=x onerror=alert(1)>',
  '"><script>alert(1)</script>',
  '{{constructor.constructor("alert(1)")()}}',
  'javascript:alert(1)',
  '</title><svg onload=alert(1)>',
];

await scenario(async (browser) => {
  store(
    MARKUP.map((name) => ({
      name,
      value: name,
      orgId: 'default',
      metadata: { [name]: name, __proto__: 1, constructor: name },
    })),
  );
  const me = await enter(browser);
  const { page } = me;
  page.on('dialog', () => assert.fail('a script ran'));
  for (const name of MARKUP) {
    const opener = page.getByRole('button', { name, exact: true });
    await opener.click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Metadata').waitFor();
    await dialog.getByRole('button', { name: 'Show value' }).click();
    await dialog.getByText('Hidden again in').waitFor();
    assert.equal(await dialog.locator('.value-box').innerText(), name);
    assert.equal(await dialog.getByRole('heading', { level: 2 }).innerText(), name);
    await dialog.getByRole('button', { name: 'Edit' }).click();
    await field(dialog, 'New value').waitFor();
    await page.keyboard.press('Escape');
  }
  await page.getByRole('button', { name: `Delete ${MARKUP[0]}` }).click();
  await page.getByRole('dialog').getByText(MARKUP[0]).first().waitFor();
  await page.keyboard.press('Escape');
  await go(page, 'Audit log');
  await page.getByText(MARKUP[0]).first().waitFor();
  await page.getByRole('searchbox').fill(MARKUP[0]);
  await page.waitForURL(/search=/);
  await go(page, 'Status');
  await page.getByText(MARKUP[0]).first().waitFor();
  // An address that somebody made up opens nothing but a view.
  await page.goto(
    new URL(`/#/${encodeURIComponent(MARKUP[0])}?search=${encodeURIComponent(MARKUP[1])}&page=-1&sort=nothing`, me.link)
      .href,
  );
  me.expect(/status of 400/);
  await page.getByRole('alert').waitFor();
  const made = await page.evaluate(
    () =>
      document.querySelectorAll('img, iframe, object, embed, base, form[action], script:not([src^="/app/"])').length,
  );
  assert.equal(made, 0);
  calm(me);
});
