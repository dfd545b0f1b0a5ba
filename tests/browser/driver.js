// Drives Chromium for the tests: a JSON command a line on standard input, a JSON answer a line on standard output.
// Usage: node driver.js <folder with node_modules> <chromium>
const fs = require('fs');
const os = require('os');
const path = require('path');
const readline = require('readline');
const { createRequire } = require('module');

const [modules, chromiumPath] = process.argv.slice(2);
const { chromium } = createRequire(path.join(modules, 'package.json'))('playwright-core');

const SWITCHES = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const QUIET_FOR = 1600; // ms; the page asks for running jobs every second
const PATIENCE = 60000;

let context, page, pending, lastTraffic, errors;

function watch(one) {
    pending = new Set();
    lastTraffic = Date.now();
    errors = [];
    one.on('request', (r) => {
        if (!r.url().startsWith('http')) return; // workers from blobs are never told to have ended
        pending.add(r);
        lastTraffic = Date.now();
    });
    for (const name of ['requestfinished', 'requestfailed'])
        one.on(name, (r) => { pending.delete(r); lastTraffic = Date.now(); });
    one.on('console', (m) => { if (m.type() === 'error') errors.push(m.text()); });
    one.on('pageerror', (e) => errors.push(String(e)));
    one.on('dialog', (d) => { errors.push(`dialog: ${d.message()}`); d.dismiss(); });
    one.on('response', (r) => { if (r.status() >= 400) errors.push(`${r.status()} ${r.url()}`); });
}

async function settle() {
    const end = Date.now() + PATIENCE;
    lastTraffic = Date.now(); // an input is taken up a moment after it was touched
    while (Date.now() < end) {
        if (!pending.size && Date.now() - lastTraffic > QUIET_FOR) return page.waitForTimeout(300);
        await page.waitForTimeout(100);
    }
    throw new Error(`still waiting for ${[...pending].map((r) => r.url()).join(', ') || 'the page'}`);
}

// What a person reads in each panel.
function readPanels() {
    const text = (e) => (e ? e.innerText.trim() : '');
    const all = (e, s) => [...e.querySelectorAll(s)];
    const panels = {};
    for (const item of document.querySelectorAll('[data-test="viz-item"]')) {
        const id = item.dataset.id, box = item.getBoundingClientRect();
        const one = { type: item.dataset.vizType, title: text(item.querySelector('[data-test="viz-title"]')),
            box: [box.x, box.y, box.width, box.height], message: text(item.querySelector('[data-test="message"]')) };
        if (one.type === 'splunk.table') {
            one.headers = all(item, '[data-test="head-cell"]').map(text);
            one.rows = all(item, '[data-test="body"] [data-test="row"]').map((row) => all(row, '[data-test="cell"]').map(text));
        } else if (one.type === 'splunk.singlevalue') {
            one.value = text(item.querySelector('[data-test="majorValue"]'));
            one.colour = getComputedStyle(item.querySelector('[data-test="majorValue"]') || item).color;
        } else {
            one.labels = all(item, '.highcharts-xaxis-labels text').map((e) => e.textContent);
            one.values = all(item, '.highcharts-data-label').map((e) => e.textContent);
            one.marks = all(item, '.highcharts-series .highcharts-point').filter((e) => e.getBBox().width > 1 && e.getBBox().height > 1).length;
        }
        panels[id] = one;
    }
    return panels;
}

const cell = (id, row, column) => page.locator(`[data-id="${id}"][data-test="viz-item"] [data-test="body"] [data-test="row"]`).nth(row).locator('[data-test="cell"]').nth(column);

// What an action opens in a new tab: its address and what it shows.
async function tabOf(action) {
    const [tab] = await Promise.all([context.waitForEvent('page'), action()]);
    await tab.waitForLoadState();
    const found = { url: tab.url(), text: await tab.locator('body').innerText() };
    await tab.close();
    return found;
}

const commands = {
    async open({ url }) {
        if (page) await page.close();
        page = await context.newPage();
        watch(page);
        await page.goto(url);
        await settle();
        return page.url();
    },
    hrefs: () => page.locator('a').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
    panels: () => page.evaluate(readPanels),
    errors: () => errors,
    evaluate: ({ script }) => page.evaluate(script),
    async size({ width, height }) { await page.setViewportSize({ width, height }); await settle(); },
    media: ({ colorScheme, media }) => page.emulateMedia({ colorScheme, media }),
    async screenshot({ file, clip }) { await page.mouse.move(0, 0); await page.screenshot({ path: file, clip }); },
    async choose({ input, option }) {
        await page.locator(`[data-input-id="${input}"] [data-test="select"]`).click();
        await page.getByRole('option', { name: option, exact: true }).click();
        await settle();
    },
    chosen: ({ input }) => page.locator(`[data-input-id="${input}"] [data-test="select"]`).innerText(),
    async until({ time }) {
        await page.locator('[data-test="time-range-dropdown"]').click();
        const field = page.locator('[data-test="latest-time"] input');
        await field.fill(time);
        await field.blur();
        await page.locator('[data-test="apply"]').click();
        await settle();
    },
    async click({ panel, row, column }) { await cell(panel, row, column).click(); await settle(); },
    follow: ({ panel, row, column }) => tabOf(() => cell(panel, row, column).click()),
};

(async () => {
    const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'replay-browser-'));
    context = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath, headless: true, args: SWITCHES,
        viewport: { width: 1440, height: 2700 }, timezoneId: 'UTC', locale: 'en-US' });
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const { command, ...given } = JSON.parse(line);
        let answer;
        try {
            answer = { value: (await commands[command](given)) ?? null };
        } catch (error) {
            answer = { error: String(error) };
        }
        process.stdout.write(`${JSON.stringify(answer)}\n`);
    }
    await context.close();
    fs.rmSync(profile, { recursive: true, force: true });
})();
