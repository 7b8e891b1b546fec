"""Looks at a page of `rollout report --html` in headless Chromium, as its readers may: light, dark, on a
phone, printed. Nothing may be asked of the network, said on the console, cut off, too pale or empty.

usage: report.py PAGE FOLDER             looks, and leaves what it saw in FOLDER
                                         (a page good.html has all figures there are)
       report.py PAGE --picture FILE     makes the picture of docs/rollouts.md
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
PICTURE = {"width": 1000, "height": 800}

# WCAG 2.2, success criterion 1.4.3 (https://www.w3.org/TR/WCAG22/#contrast-minimum).
LEAST_CONTRAST = 4.5
# Smaller text is not read on a phone.
LEAST_TEXT_PX = 9.5

# Weight, evidence, errors, slow invocations, latency, cost; an emulated version has the first three alone.
FIGURES = {"good": 6}
LEAST_FIGURES = 3

LOOK = """({leastContrast, leastText, leastFigures}) => {
  const problems = [];
  const root = document.documentElement;
  if (root.scrollWidth > window.innerWidth)
    problems.push(`the page is ${root.scrollWidth} px wide on ${window.innerWidth} px`);

  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const texts = [...document.querySelectorAll('main *')].filter(element =>
    element.getClientRects().length &&
    [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()));
  if (texts.length < 20) problems.push(`only ${texts.length} texts`);
  for (const element of texts) {
    const style = getComputedStyle(element);
    const isDrawn = element instanceof SVGElement;
    const colour = channels(isDrawn ? style.fill : style.color);
    const ratio = contrast(colour, behind(element));
    const name = `"${element.textContent.trim().slice(0, 40)}"`;
    if (ratio < leastContrast) problems.push(`${name} has a contrast of ${ratio.toFixed(2)}`);
    const scale = isDrawn ? element.getScreenCTM().a : 1;
    const size = parseFloat(style.fontSize) * scale;
    if (size < leastText) problems.push(`${name} is ${size.toFixed(1)} px high`);
  }

  const figures = [...document.querySelectorAll('figure')];
  if (figures.length < leastFigures) problems.push(`only ${figures.length} figures`);
  for (const figure of figures) {
    const svg = figure.querySelector('svg');
    const paper = svg.getBoundingClientRect();
    if (paper.width < 100 || paper.height < 50) problems.push(`${figure.id} has no size`);
    const marks = [...svg.querySelectorAll('path, circle, rect')].filter(mark => {
      const box = mark.getBoundingClientRect();
      return box.width + box.height > 0;
    });
    if (!marks.length) problems.push(`${figure.id} shows nothing`);
    const labels = [...svg.querySelectorAll('text')].map(text => text.getBoundingClientRect());
    for (const box of labels)
      if (box.left < paper.left - 1 || box.right > paper.right + 1 || box.bottom > paper.bottom + 1)
        problems.push(`a label of ${figure.id} is cut off`);
    const below = [...svg.querySelectorAll('text.x')].map(text => text.getBoundingClientRect());
    for (let i = 1; i < below.length; i++)
      if (below[i].left < below[i - 1].right) problems.push(`labels of ${figure.id} touch`);
    if (!svg.querySelector('title').textContent || !svg.querySelector('desc').textContent)
      problems.push(`${figure.id} does not say what it is`);
    if (!figure.querySelector('details tbody tr')) problems.push(`${figure.id} has no numbers`);
  }
  return problems;
}"""


def open_page(browser: Browser, path: Path, viewport: dict, scheme: str, said: list[str]) -> Page:
    page = browser.new_page(viewport=viewport, color_scheme=scheme)
    page.on("console", lambda message: said.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("request", lambda request: request.url == path.as_uri() or said.append(f"asks for {request.url}"))
    page.goto(path.as_uri())
    return page


def look(browser: Browser, path: Path, folder: Path) -> list[str]:
    problems = []
    for name, viewport, scheme in [
        ("light", DESKTOP, "light"),
        ("dark", DESKTOP, "dark"),
        ("phone", PHONE, "light"),
        ("phone-dark", PHONE, "dark"),
    ]:
        said: list[str] = []
        page = open_page(browser, path, viewport, scheme, said)
        page.screenshot(path=folder / f"{path.stem}-{name}.png", full_page=True)
        limits = {
            "leastContrast": LEAST_CONTRAST,
            "leastText": LEAST_TEXT_PX,
            "leastFigures": FIGURES.get(path.stem, LEAST_FIGURES),
        }
        found = said + page.evaluate(LOOK, limits)
        problems += [f"{path.name}, {name}: {problem}" for problem in found]
        page.close()
    return problems + printed(browser, path, folder)


def printed(browser: Browser, path: Path, folder: Path) -> list[str]:
    """Dark screens print black on white too."""
    page = open_page(browser, path, DESKTOP, "dark", [])
    page.emulate_media(media="print", color_scheme="dark")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    pdf = page.pdf(path=folder / f"{path.stem}.pdf", format="A4", print_background=True)
    page.close()
    problems = [] if paper == "rgb(255, 255, 255)" else [f"{path.name}: printed on {paper}"]
    return problems if pdf.startswith(b"%PDF") else [*problems, f"{path.name}: is not printed"]


def main(arguments: list[str]) -> int:
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    path = Path(arguments[0]).resolve()
    with sync_playwright() as playwright:
        # Chromium's own sandbox cannot start as root; the page is ours and runs nothing.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        if arguments[1] == "--picture":
            page = open_page(browser, path, PICTURE, "light", [])
            page.screenshot(path=arguments[2], full_page=True)
            return 0
        folder = Path(arguments[1])
        folder.mkdir(parents=True, exist_ok=True)
        problems = look(browser, path, folder)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
