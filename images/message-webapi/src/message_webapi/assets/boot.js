// When one of the page's files cannot be had, none of its modules runs: say so, and load it again.

const RELOAD_SECONDS = 5;

addEventListener("error", ({ target }) => {
  if (!(target instanceof HTMLScriptElement)) return;
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", incomplete);
  else incomplete();
}, true); // errors of elements do not bubble

function incomplete() {
  const outage = document.getElementById("outage");
  const text = document.createElement("p");
  text.textContent =
    `This page could not be loaded completely. It is tried again in ${RELOAD_SECONDS} seconds.`;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Try now";
  button.addEventListener("click", () => location.reload());
  outage.replaceChildren(text, button);
  outage.hidden = false;
  setTimeout(() => location.reload(), RELOAD_SECONDS * 1000);
}
