/** The page before anything is known. What comes later is written into it as text. */
export const pageHtml: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Lockscope</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
<script type="module" src="/page/app.js"></script>
</head>
<body>
<a class="skip" href="#locks">Go to the locks</a>
<header>
<h1 id="title">Lockscope</h1>
<p id="connection" role="status">connecting</p>
<nav id="links" aria-label="More"></nav>
<button id="pause" type="button" aria-pressed="false">Pause</button>
</header>
<noscript><p class="noscript">This page needs JavaScript. The same as JSON is at <a href="/view">/view</a>.</p></noscript>
<main>
<dl id="figures" aria-label="In short">
<div class="figure"><dt>held</dt><dd id="held">0</dd></div>
<div class="figure"><dt>waiting</dt><dd id="waiting">0</dd></div>
<div class="figure"><dt>acquires/s</dt><dd id="rate">0</dd></div>
<div class="figure wide"><dt>longest wait now</dt><dd id="longest">none</dd><dd class="more" id="longest-more"></dd></div>
<div class="figure" id="losses-figure"><dt>losses</dt><dd id="losses-count">0</dd><dd class="more" id="losses-more"></dd></div>
</dl>
<section aria-labelledby="processes-title">
<h2 id="processes-title" class="unseen">Processes</h2>
<ul id="processes"></ul>
</section>
<section id="locks" aria-labelledby="locks-title" tabindex="-1">
<div class="heading">
<h2 id="locks-title">Locks</h2>
<p class="now-title" aria-hidden="true">held by, and below who waits</p>
<p class="axis" aria-hidden="true"><span>60 s ago</span><span>45 s</span><span>30 s</span><span>15 s</span><span>now</span></p>
</div>
<ul id="lock-list"></ul>
<p id="empty">No lock was used in the last minute.</p>
<ul class="legend" aria-hidden="true">
<li><i class="key-hold"></i>held, in the colour of the holder</li>
<li><i class="key-wait"></i>waiting, in the colour of who is in the way</li>
<li><i class="key-over"></i>still held in good faith, its lease was over</li>
<li><i class="key-expired"></i>held by nobody alive until the lease ended</li>
</ul>
</section>
<div class="below">
<section aria-labelledby="losses-title">
<h2 id="losses-title">Losses</h2>
<p id="no-losses">None so far.</p>
<ol id="losses" tabindex="0" aria-label="Losses, newest first" aria-live="polite" aria-relevant="additions"></ol>
</section>
<section aria-labelledby="notes-title">
<div class="heading">
<h2 id="notes-title">What happened</h2>
<label><input type="checkbox" id="everything"> also what goes on all the time</label>
</div>
<ol id="notes" tabindex="0" aria-label="What happened, newest first"></ol>
</section>
</div>
</main>
<footer><p id="counts"></p></footer>
<svg class="defs" width="0" height="0" aria-hidden="true"><defs id="patterns"></defs></svg>
</body>
</html>
`;
