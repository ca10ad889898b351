"""Opens pages in headless Chromium, as a person would, and says what is seen; drives it over the DevTools protocol's pipe.

usage: browser.py CHROMIUM URL PNG [EXPRESSION …]
       browser.py CHROMIUM --axe AXE URL [PNG]

The first writes a picture of the whole page to PNG and prints one JSON object: the page's title, its text as it is seen, its size,
what it said on the console, what it asked the network for, and the value of each JavaScript expression. The second prints what
axe-core (the file AXE) finds wrong for people who do not see or use a page as most do, in light and in dark, with everything
that folds unfolded; PNG is the picture in dark.
https://chromedevtools.github.io/devtools-protocol/
https://github.com/dequelabs/axe-core/blob/develop/doc/API.md
"""

import base64
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time

PATIENCE = 60


class Browser:
    def __init__(self, program, profile):
        to_read, self.to = os.pipe()
        self.source, from_write = os.pipe()
        folder = os.path.dirname(program)
        environment = dict(os.environ, LD_LIBRARY_PATH=os.path.join(folder, "lib"), FONTCONFIG_PATH=folder, HOME=profile)
        # The protocol is spoken on descriptors 3 and 4.
        command = f'exec 3<&{to_read} 4>&{from_write}; exec "$0" "$@"'
        self.process = subprocess.Popen(
            ["bash", "-c", command, program, "--headless", "--no-sandbox", "--no-zygote", "--disable-gpu", "--hide-scrollbars",
             "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
            env=environment, pass_fds=(to_read, from_write), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        os.close(to_read)
        os.close(from_write)
        os.set_blocking(self.source, False)
        self.rest = b""
        self.events = []
        self.number = 0

    def message(self):
        until = time.monotonic() + PATIENCE
        while b"\0" not in self.rest:
            if time.monotonic() > until or self.process.poll() is not None:
                self.process.kill()
                raise SystemExit(f"Chromium does not answer: {self.process.stderr.read().decode()[-2000:]}")
            try:
                self.rest += os.read(self.source, 1 << 20)
            except BlockingIOError:
                time.sleep(0.01)
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def call(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") != self.number:
                self.events.append(answer)
                continue
            if "error" in answer:
                raise SystemExit(f"{method}: {answer['error']}")
            return answer["result"]


class Page:
    """A page that is loaded."""

    def __init__(self, browser, url):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank", width=1280, height=900)["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        went = self.call("Page.navigate", url=url)
        if "errorText" in went:
            raise SystemExit(f"{url}: {went['errorText']}")
        until = time.monotonic() + PATIENCE
        while self.value("document.readyState") != "complete" or self.value("location.href") == "about:blank":
            if time.monotonic() > until:
                raise SystemExit(f"{url} is not loaded after {PATIENCE} s")
            time.sleep(0.02)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def value(self, expression):
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise SystemExit(f"{expression[:2000]}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def picture(self, png):
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        with open(png, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def scheme(self, name):
        """As somebody sees it who has set `light` or `dark`."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def axe(self, source, schemes=("light", "dark")):
        """What is wrong by axe-core's rules for WCAG and its best practices, the worst as `critical` and `serious`."""
        # What is folded is not looked at.
        self.value("document.querySelectorAll('details').forEach(one => { one.open = true })")
        with open(source) as file:
            self.value(file.read() + ";0")
        found = []
        for name in schemes:
            self.scheme(name)
            for violation in self.value("axe.run(document, {resultTypes: ['violations']}).then(said => said.violations)"):
                nodes = [{"target": node["target"], "html": node["html"][:300], "why": node["failureSummary"]} for node in violation["nodes"]]
                found.append({"scheme": name, "id": violation["id"], "impact": violation["impact"], "help": violation["help"], "nodes": nodes})
        return found


@contextlib.contextmanager
def opened(program, url):
    """A page in a browser of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        yield Page(browser, url)
        browser.call("Browser.close")
        browser.process.wait(PATIENCE)


def axe(url, program=None, source=None, png=None):
    """The violations of a page; see `Page.axe`."""
    with opened(program or os.environ["HEADWATER_TEST_CHROMIUM"], url) as page:
        violations = page.axe(source or os.environ["HEADWATER_TEST_AXE"])
        if png:
            page.picture(png)
        return violations


def look(program, url, png, *expressions):
    with opened(program, url) as page:
        page.picture(png)
        events = page.browser.events
        said = [e["params"] for e in events if e.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")]
        asked = [e["params"]["request"]["url"] for e in events if e.get("method") == "Network.requestWillBeSent"]
        return {
            "title": page.value("document.title"),
            "text": page.value("document.body.innerText"),
            "width": page.value("document.documentElement.scrollWidth"),
            "height": page.value("document.documentElement.scrollHeight"),
            "console": said,
            "requests": asked,
            "values": [page.value(expression) for expression in expressions],
        }


def main(program, *arguments):
    if arguments[0] == "--axe":
        _, source, url, *png = arguments
        print(json.dumps(axe(url, program, source, *png)))
    else:
        print(json.dumps(look(program, *arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
