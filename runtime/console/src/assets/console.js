// Fetches the page again while somebody looks at it, and puts in what is new. Without this script the page is complete, and shows
// what there was when it was loaded.
"use strict";
(() => {
  const body = document.body;
  const offline = document.getElementById("offline");
  let tag = null;

  function where(element) {
    const region = element.closest("[data-live]");
    if (!region) return null;
    const all = [...region.querySelectorAll("a, summary, [tabindex]")];
    return { region: region.id, at: all.indexOf(element), href: element.getAttribute("href") };
  }

  function focus(place) {
    const region = place && document.getElementById(place.region);
    if (!region) return;
    const all = [...region.querySelectorAll("a, summary, [tabindex]")];
    const same = all.find((one) => place.href && one.getAttribute("href") === place.href) || all[place.at];
    if (same) same.focus({ preventScroll: true });
  }

  function renew(page) {
    const place = document.activeElement ? where(document.activeElement) : null;
    let changed = false;
    for (const fresh of page.querySelectorAll("[data-live]")) {
      const old = document.getElementById(fresh.id);
      if (!old || old.innerHTML === fresh.innerHTML) continue;
      const open = [...old.querySelectorAll("details[open][id]")].map((one) => one.id);
      const scrolled = [...old.querySelectorAll(".wide")].map((one) => [one.scrollLeft, one.scrollTop]);
      old.innerHTML = fresh.innerHTML;
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
      [...old.querySelectorAll(".wide")].forEach((one, i) => {
        if (scrolled[i]) [one.scrollLeft, one.scrollTop] = scrolled[i];
      });
      changed = true;
    }
    if (changed) focus(place);
    const said = document.getElementById("said");
    const now = page.getElementById("said");
    // Told to who does not see it, once, when it is another.
    if (said && now && said.textContent !== now.textContent) said.textContent = now.textContent;
    document.title = page.title;
    body.dataset.every = page.body.dataset.every;
  }

  async function again() {
    if (!document.hidden) {
      try {
        const headers = tag ? { "If-None-Match": tag } : {};
        const answer = await fetch(location.href, { headers, cache: "no-store" });
        if (answer.ok) {
          tag = answer.headers.get("ETag");
          renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
        }
        offline.hidden = true;
      } catch {
        offline.hidden = false;
      }
    }
    later();
  }

  function later() {
    const every = Number(body.dataset.every);
    if (every > 0) setTimeout(again, every);
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Number(body.dataset.every) > 0) again();
  }, { once: true });
  later();
})();
