// Starts the viewer on the document beside this page, or on the one that stands in it.
"use strict";

const place = document.getElementById("swagger-ui");
const inside = document.getElementById("document");
const source = inside
  ? { spec: JSON.parse(inside.textContent) }
  : { url: new URL(place.dataset.url, window.location.href).href };

// The viewer's own dark colours, when the system asks for them.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

window.ui = SwaggerUIBundle({
  ...source,
  domNode: place,
  deepLinking: true,
  displayRequestDuration: true,
  filter: false,
  // Or the viewer would send the document to a service of its makers.
  validatorUrl: null,
  tagsSorter: "alpha",
});
