// A sweep: which two measures are drawn, and one point marked in its charts and its table together.
for (const figure of document.querySelectorAll(".chart")) {
  const choices = figure.querySelectorAll("select[data-axis]");
  for (const choice of choices) choice.addEventListener("change", () => measure(figure));
  if (choices.length) figure.querySelector(".plot").addEventListener("drawn", () => measure(figure));
}

function measure(figure) {
  const plot = plotOf(figure.querySelector("select")), { axes } = charts[plot.dataset.chart];
  const [x, y] = ["x", "y"].map((side) => figure.querySelector(`select[data-axis="${side}"]`).value);
  const front = axes.fronts[`${x} ${y}`] || axes.fronts[`${y} ${x}`] || [];
  const of = (name, places) => places.map((place) => axes.columns[name][place]);
  const all = axes.points.map((_, place) => place);
  const update = {
    x: [of(x, all), of(x, front), []],
    y: [of(y, all), of(y, front), []],
    customdata: [axes.points, front.map((place) => axes.points[place]), []],
    text: [axes.texts, front.map((place) => axes.texts[place]), []],
  };
  const layout = { "xaxis.autorange": true, "yaxis.autorange": true };
  for (const [axis, name] of [["xaxis", x], ["yaxis", y]]) {
    for (const [key, value] of Object.entries(axes.axes[name])) layout[`${axis}.${key}`] = value;
  }
  Plotly.update(plot, update, layout, [0, 1, 2]);
}

const scatters = [...document.querySelectorAll('.plot[data-chart^="front-"]')];
const tables = [...document.querySelectorAll("table[data-points]")];
scatters.forEach((scatter, sweep) => {
  const parallel = document.querySelector(`.plot[data-chart="parallel-${sweep}"]`);
  const rows = new Map([...tables[sweep].tBodies[0].rows].map((row) => [Number(row.cells[0].textContent.replaceAll(",", "")), row]));
  let marked = null;

  function mark(point) {
    if (point === marked) return;
    rows.get(marked)?.classList.remove("marked");
    marked = point;
    rows.get(point)?.classList.add("marked");
    for (const plot of [scatter, parallel]) if (plot.dataset.drawn) highlight(plot, point);
  }

  function highlight(plot, point) {
    const found = { x: [], y: [] };
    for (const trace of plot.data.slice(0, 2)) {
      trace.customdata.forEach((own, at) => {
        if (own !== point || trace.x[at] === null || found.x.includes(trace.x[at])) return;
        found.x.push(trace.x[at]);
        found.y.push(trace.y[at]);
      });
    }
    Plotly.restyle(plot, { x: [found.x], y: [found.y] }, [2]);
  }

  for (const plot of [scatter, parallel]) {
    plot.addEventListener("drawn", () => plot.on("plotly_hover", ({ points }) => {
      if (points[0].curveNumber < 2) mark(points[0].customdata);
    }));
  }
  tables[sweep].tBodies[0].addEventListener("mouseover", ({ target }) => {
    const row = target.closest("tr");
    if (row) mark(Number(row.cells[0].textContent.replaceAll(",", "")));
  });
});
