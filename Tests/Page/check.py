"""Opens pages of rocket report --html in headless Chromium, light and dark, on a desk and on a telephone.

    check.py FOLDER AXE.whl PAGE.html …        screenshots and PDFs go to FOLDER

Checks each: valid HTML, nothing on the console, no other address asked for, nothing wider than the screen, no text of a
plot cut off or on top of another, and no finding of axe-core, with the tables folded and unfolded."""

import base64
import json
import pathlib
import sys
import zipfile

import html5lib
from selenium import webdriver

SLOWEST_MILLISECONDS = 5_000
SCREENS = {"desk": 1280, "telephone": 390}

# Texts of a plot that stick out of it, or lie on each other by more than a hair.
MISPLACED = """
const found = [];
for (const plot of document.querySelectorAll('svg.plot[role=img]')) {
    const box = plot.getBoundingClientRect();
    const name = plot.querySelector('title').textContent;
    const texts = [...plot.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    texts.forEach(([text, a], i) => {
        if (a.left < box.left - 1 || a.right > box.right + 1 || a.top < box.top - 1 || a.bottom > box.bottom + 1)
            found.push(`${name}: "${text}" is cut off`);
        for (const [other, b] of texts.slice(i + 1)) {
            const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (x > 1 && y > 3) found.push(`${name}: "${text}" lies on "${other}"`);
        }
    });
}
return found;
"""


def browser():
    options = webdriver.ChromeOptions()
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))


def requested(driver):
    messages = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def findings(driver, axe):
    driver.execute_script(axe)
    result = driver.execute_async_script(
        "axe.run({resultTypes: ['violations']}).then(arguments[0], e => arguments[0]({violations: [{id: String(e)}]}))")
    found = []
    for violation in result["violations"]:
        targets = [node["target"] for node in violation.get("nodes", [])][:3]
        found.append(f"axe: {violation['id']}: {violation.get('help')}: {targets}")
    return found, len(result.get("passes", []))


def look(driver, page, screen, scheme, folder, axe):
    width = SCREENS[screen]
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": screen == "telephone"})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "media": "screen", "features": [{"name": "prefers-color-scheme", "value": scheme}]})
    url = page.as_uri()
    driver.get_log("performance")
    driver.get(url)
    milliseconds = driver.execute_script("return performance.getEntriesByType('navigation')[0].loadEventEnd")
    problems = [f"console: {entry['message']}" for entry in driver.get_log("browser")]
    problems += [f"asked for {address}" for address in requested(driver) if address != url]
    if milliseconds > SLOWEST_MILLISECONDS:
        problems.append(f"took {milliseconds:.0f} ms to load")
    if driver.execute_script("return document.title.startsWith('changed')"):
        problems.append("a text of the database ran as a script")
    for state in ["folded", "unfolded"]:
        if state == "unfolded":
            driver.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        wide = driver.execute_script(
            "const page = document.documentElement; return page.scrollWidth - page.clientWidth")
        if wide > 0:
            problems.append(f"{state}: {wide} pixels wider than the screen")
        # Its rules look at colours or at sizes, so each of both is enough once. It takes ten seconds.
        if (screen, scheme) in [("desk", "light"), ("telephone", "dark")]:
            found, passes = findings(driver, axe)
            problems += [f"{state}: {finding}" for finding in found]
            if passes < 10:
                problems.append(f"axe found only {passes} rules to try")
        if state == "folded":
            problems += driver.execute_script(MISPLACED)
            height = driver.execute_script("return document.documentElement.scrollHeight")
            shot = driver.execute_cdp_cmd("Page.captureScreenshot", {
                "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
            name = f"{page.stem}-{screen}-{scheme}.png"
            (folder / name).write_bytes(base64.b64decode(shot["data"]))
    return milliseconds, problems


def printed(driver, page, folder):
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    driver.get(page.as_uri())
    pdf = driver.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})
    (folder / f"{page.stem}.pdf").write_bytes(base64.b64decode(pdf["data"]))


def main():
    folder, axe_wheel = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    with zipfile.ZipFile(axe_wheel) as wheel:
        axe = wheel.read("axe_playwright_python/axe.min.js").decode()
    failed = passed = 0
    driver = browser()
    driver.set_script_timeout(180)
    try:
        for page in map(pathlib.Path, sys.argv[3:]):
            page = page.resolve()
            problems = []
            try:
                html5lib.HTMLParser(strict=True).parse(page.read_text())
            except html5lib.html5parser.ParseError as error:
                problems.append(f"HTML: {error}")
            times = []
            for screen in SCREENS:
                for scheme in ["light", "dark"]:
                    milliseconds, found = look(driver, page, screen, scheme, folder, axe)
                    times.append(milliseconds)
                    problems += [f"{screen}, {scheme}: {problem}" for problem in found]
            printed(driver, page, folder)
            print(f"{page.name}: {page.stat().st_size / 1e3:.0f} kB, loads in {max(times):.0f} ms")
            for problem in problems:
                print(f"FAILED: {page.name}: {problem}", file=sys.stderr)
            failed, passed = failed + bool(problems), passed + (not problems)
    finally:
        driver.quit()
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
