"""Opens pages in headless Chromium, as a person would, and says what is seen; drives it over the DevTools protocol's pipe.

usage: browser.py CHROMIUM URL PNG [EXPRESSION …]

Writes a picture of the whole page to PNG and prints one JSON object: the page's title, its text as it is seen, its size, what
it said on the console, what it asked the network for, and the value of each JavaScript expression.
https://chromedevtools.github.io/devtools-protocol/
"""

import base64
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


def main(program, url, png, *expressions):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        target = browser.call("Target.createTarget", url="about:blank", width=1280, height=900)["targetId"]
        session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.call(f"{domain}.enable", session)
        went = browser.call("Page.navigate", session, url=url)
        if "errorText" in went:
            raise SystemExit(f"{url}: {went['errorText']}")

        def value(expression):
            found = browser.call("Runtime.evaluate", session, expression=expression, returnByValue=True, awaitPromise=True)
            if "exceptionDetails" in found:
                raise SystemExit(f"{expression}: {found['exceptionDetails']}")
            return found["result"].get("value")

        until = time.monotonic() + PATIENCE
        while value("document.readyState") != "complete" or value("location.href") == "about:blank":
            if time.monotonic() > until:
                raise SystemExit(f"{url} is not loaded after {PATIENCE} s")
            time.sleep(0.02)
        shot = browser.call("Page.captureScreenshot", session, format="png", captureBeyondViewport=True)
        with open(png, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
        said = [e["params"] for e in browser.events if e.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")]
        asked = [e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
        result = {
            "title": value("document.title"),
            "text": value("document.body.innerText"),
            "width": value("document.documentElement.scrollWidth"),
            "height": value("document.documentElement.scrollHeight"),
            "console": said,
            "requests": asked,
            "values": [value(expression) for expression in expressions],
        }
        browser.call("Browser.close")
        browser.process.wait(PATIENCE)
        print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
