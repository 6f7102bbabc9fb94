import { chromium, type Browser, type Page } from 'playwright-core';

/** A page in a real browser, with all that it asked for and complained about. */
export interface OpenPage {
  readonly browser: Browser;
  readonly page: Page;
  readonly asked: readonly string[];
  readonly complaints: readonly string[];
}

export async function openPage(executablePath: string, url: string): Promise<OpenPage> {
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  // For a machine that is busy with something else.
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(url);
  return { browser, page, asked, complaints };
}
