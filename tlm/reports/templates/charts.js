// Charts: drawn where they come into view, in the page's colours, and again where these change.
const charts = JSON.parse(document.getElementById("charts").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const drawn = new Set();
const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "reset", showTips: false };

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axisColours() {
  return { gridcolor: colour("--line"), zerolinecolor: colour("--line"), linecolor: colour("--line"), tickcolor: colour("--line") };
}

function themed(layout) {
  const found = structuredClone(layout);
  for (const name of Object.keys(found)) {
    if (/^[xy]axis/.test(name)) Object.assign(found[name], axisColours());
  }
  if (!found.xaxis) found.xaxis = axisColours();
  for (const note of found.annotations || []) if (note.bgcolor) note.bgcolor = colour("--panel");
  return Object.assign(found, {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    font: { color: colour("--soft"), family: "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', sans-serif", size: 12 },
    hoverlabel: { bgcolor: colour("--ink"), bordercolor: colour("--ink"), font: { color: colour("--page"), size: 12 }, align: "left" },
    dragmode: window.matchMedia("(pointer: fine)").matches ? "zoom" : false,
  });
}

// On a narrow page names are cut shorter, and marks have none beside them; an entity counts as the one sign it is.
const NARROW_PX = 520, SHORT = 18;
function shortened(text) {
  const signs = text.match(/&\w+;|./gu) || [];
  return signs.length > SHORT ? `${signs.slice(0, 6).join("")}…${signs.slice(-(SHORT - 7)).join("")}` : text;
}

function fitted(plot, data, layout) {
  if (plot.clientWidth >= NARROW_PX) return;
  for (const trace of data) if (trace.mode === "markers+text") trace.mode = "markers";
  if (layout.yaxis?.ticktext) layout.yaxis.ticktext = layout.yaxis.ticktext.map(shortened);
}

function draw(plot) {
  if (drawn.has(plot)) return;
  drawn.add(plot);
  const { figure } = charts[plot.dataset.chart];
  const data = structuredClone(figure.data), layout = themed(figure.layout);
  fitted(plot, data, layout);
  Plotly.newPlot(plot, data, layout, CONFIG).then(() => {
    plot.dataset.drawn = "true";
    plot.dispatchEvent(new CustomEvent("drawn"));
  });
}

const plots = [...document.querySelectorAll(".plot")];
const coming = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
}, { rootMargin: "600px 0px" });
for (const plot of plots) coming.observe(plot);
window.addEventListener("beforeprint", () => plots.forEach(draw));
dark.addEventListener("change", () => {
  for (const plot of drawn) Plotly.relayout(plot, recoloured(plot));
});

function recoloured(plot) {
  const wanted = themed(charts[plot.dataset.chart].figure.layout), found = {};
  for (const name of Object.keys(wanted)) {
    if (!/^[xy]axis/.test(name)) continue;
    for (const part of Object.keys(axisColours())) found[`${name}.${part}`] = wanted[name][part];
  }
  (wanted.annotations || []).forEach((note, place) => { if (note.bgcolor) found[`annotations[${place}].bgcolor`] = note.bgcolor; });
  return Object.assign(found, { font: wanted.font, hoverlabel: wanted.hoverlabel });
}

function plotOf(element) {
  const plot = element.closest("figure").querySelector(".plot");
  draw(plot);
  return plot;
}

// A legend's entry shows and hides its traces; a choice changes the layout.
document.addEventListener("click", (event) => {
  const key = event.target.closest(".keys button");
  if (!key || !key.dataset.traces) return;
  const on = key.getAttribute("aria-pressed") !== "true";
  key.setAttribute("aria-pressed", String(on));
  Plotly.restyle(plotOf(key), { visible: on }, key.dataset.traces.split(" ").map(Number));
});
document.addEventListener("change", (event) => {
  if (!event.target.matches("fieldset.choices input")) return;
  const plot = plotOf(event.target);
  const choice = charts[plot.dataset.chart].choices[event.target.value];
  Plotly.update(plot, choice.data || {}, { ...choice.layout, "xaxis.autorange": true });
});
