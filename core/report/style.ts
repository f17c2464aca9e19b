/** The style sheet of the page: light and dark, on screen and on paper, with nothing fetched from anywhere. */
export const styleSheet = `
:root{color-scheme:light dark;--paper:#fbfaf8;--card:#fff;--ink:#1c2127;--soft:#5b6570;--line:#e2dfd8;--faint:#f3f1ec;--accent:#0b6e75;
--classical:#1f6fb4;--hybrid:#8a3ffc;--refined:#0a7d5a;--neighbour:#b26a00;--atoms:#7d858d;--control:#9d7bd8;
--good:#0a7d5a;--good-bg:#e4f4ec;--warn:#96600a;--warn-bg:#fdf1d7;--bad:#b3261e;--bad-bg:#fce8e6;--plain-bg:#e6f1f2;--r0:#1f6fb4;--r1:#c4501b;--r2:#0a7d5a;--r3:#8a3ffc}
@media (prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1c2024;--ink:#e8e6e1;--soft:#a3acb5;--line:#343a40;--faint:#22272c;--accent:#5cc4cb;
--classical:#6db3f2;--hybrid:#b795ff;--refined:#4fcf9f;--neighbour:#e8a93f;--atoms:#9aa3ab;--control:#9c86cc;
--good:#4fcf9f;--good-bg:#14352a;--warn:#f0bd5e;--warn-bg:#3a2c10;--bad:#ff9d94;--bad-bg:#43191a;--plain-bg:#17343a;--r0:#6db3f2;--r1:#f39a6b;--r2:#4fcf9f;--r3:#b795ff}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:4rem}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;overflow-wrap:anywhere}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.4rem .8rem;z-index:9}
header.top,main,footer{max-width:74rem;margin:0 auto;padding:0 1.5rem}
header.top{padding-top:2.4rem;padding-bottom:1.2rem}
.kicker{margin:0;color:var(--accent);font-size:.8rem;font-weight:650;letter-spacing:.09em;text-transform:uppercase}
h1{font-size:2rem;line-height:1.2;margin:.25rem 0 .5rem;font-weight:680;letter-spacing:-.015em;text-wrap:balance}
h2{font-size:1.32rem;margin:0 0 .3rem;font-weight:650;letter-spacing:-.01em}
h3{font-size:1rem;margin:1.6rem 0 .5rem;font-weight:650}
p{margin:.4rem 0 .8rem;max-width:48rem}
.lead{color:var(--soft);margin-bottom:1.1rem}
.meta{display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;color:var(--soft);font-size:.9rem;margin:0}
.badge{display:inline-block;white-space:nowrap;border-radius:99px;padding:.08rem .7rem;font-size:.8rem;font-weight:650;letter-spacing:.03em;background:var(--faint);color:var(--soft)}
.badge.good{background:var(--good-bg);color:var(--good)}.badge.warn{background:var(--warn-bg);color:var(--warn)}.badge.bad{background:var(--bad-bg);color:var(--bad)}.badge.plain{background:var(--plain-bg);color:var(--accent)}
nav{position:sticky;top:0;z-index:5;background:var(--paper);border-bottom:1px solid var(--line)}
nav ol{max-width:74rem;margin:0 auto;padding:0 1.5rem;display:flex;gap:.2rem 1.25rem;overflow-x:auto;list-style:none;font-size:.9rem;white-space:nowrap}
nav a{display:block;padding:.7rem 0;color:var(--soft);text-decoration:none;border-bottom:2px solid transparent}
nav a:hover,nav a:focus-visible{color:var(--ink);border-color:var(--accent)}
a{color:var(--accent)}
section{margin:2.6rem 0;scroll-margin-top:4rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.3rem 1.5rem}
.verdict{border-left:6px solid var(--accent);margin:1.8rem 0}.verdict.good{border-left-color:var(--good)}.verdict.warn{border-left-color:var(--warn)}.verdict.bad{border-left-color:var(--bad)}
.verdict .say{font-size:1.4rem;line-height:1.35;font-weight:620;margin:.1rem 0 .6rem;max-width:56rem;text-wrap:pretty}
.verdict .honest{color:var(--soft);max-width:56rem}
.verdict ul{margin:.6rem 0 .2rem;padding-left:1.1rem}.verdict li{margin:.25rem 0;max-width:60rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(14.5rem,1fr));gap:1rem;margin:1.2rem 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.95rem 1.1rem}
.tile .what{color:var(--soft);font-size:.85rem;margin:0}.tile .big{font-size:1.65rem;font-weight:660;margin:.1rem 0;line-height:1.25;font-variant-numeric:tabular-nums}
.tile small{font-size:.95rem;font-weight:500;color:var(--soft);white-space:nowrap}.tile .more{font-size:.85rem;color:var(--soft);margin:.15rem 0 0}.tile .twin{font-size:.92rem;margin:.1rem 0 0}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(16rem,1fr));gap:.7rem 2rem;margin:0}
.facts div{border-top:1px solid var(--line);padding-top:.45rem}.facts dt{color:var(--soft);font-size:.82rem}.facts dd{margin:0}
.wide{overflow-x:auto;border:1px solid var(--line);border-radius:12px;background:var(--card)}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:.8rem 1rem .5rem;color:var(--soft);font-size:.98em}
th,td{text-align:left;padding:.5rem .75rem;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
.any,tbody th{overflow-wrap:anywhere;min-width:7.5rem}.pairs dd,.near{overflow-wrap:anywhere}
thead th{border-top:0;color:var(--soft);font-weight:600;font-size:.91em;vertical-align:bottom;background:var(--faint)}
tbody th{font-weight:600}
.n{text-align:right;white-space:nowrap}
tr.quantum th,tr.quantum .n{color:var(--hybrid)}tr.sum th,tr.sum td{font-weight:650;border-top:2px solid var(--line)}
.compounds td,.compounds th{vertical-align:middle}
.compounds .who{min-width:10rem;max-width:16rem}.compounds .near{min-width:8rem;max-width:11rem}.compounds .prop{min-width:9.5rem}.compounds .score{min-width:10.5rem}.compounds .score dd,.compounds dt{white-space:nowrap}.compounds .pairs dd{min-width:3rem}.compounds th .pairs{font-weight:400}.compounds .pairs{font-size:.92em;margin-top:.25rem}.compounds .pairs dd{overflow-wrap:anywhere}
.id{font-weight:650;display:block;max-height:7.4em;overflow:hidden}.smiles{font:.74rem/1.35 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--soft);display:block;max-height:4.1em;overflow:hidden}
img.structure{display:block;width:10.6rem;height:7.8rem;max-width:none;object-fit:contain;background:#fff;border-radius:8px;border:1px solid var(--line)}
.none{color:var(--soft)}
.pairs{margin:0;display:grid;grid-template-columns:auto 1fr;gap:0 .6rem}.pairs dt{color:var(--soft)}.pairs dd{margin:0}
.flag{display:inline-block;max-width:14rem;border-radius:6px;padding:.05rem .45rem;font-size:.78rem;margin:.1rem .2rem .1rem 0;background:var(--warn-bg);color:var(--warn)}
.flag.ok{background:var(--good-bg);color:var(--good)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem;align-items:start}.plots.one{display:block;max-width:46rem;margin-top:1rem}.plots.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr))}
section>.plots{margin:1rem 0}figure.plot{margin:0;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.1rem .6rem;min-width:0}
figcaption{font-weight:620;font-size:.95rem}
figure svg{display:block;width:100%;height:auto;margin-top:.3rem;font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1rem;margin:.2rem 0 0;font-size:.83rem;color:var(--soft)}
.key::before{content:"";display:inline-block;width:1.4em;border-top:3px solid;vertical-align:middle;margin-right:.4em}.key.dashed::before{border-top-style:dashed}
.key.k-band::before{border-top-width:.8em;opacity:.25}
.grid line{stroke:var(--line);stroke-width:1}.axis line{stroke:var(--soft);stroke-width:1}.tick text{fill:var(--soft);font-size:12px}.label text{fill:var(--soft)}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke:currentColor}.line.dashed{stroke-dasharray:5 4}
.k-classical{color:var(--classical)}.k-hybrid{color:var(--hybrid)}.k-refined{color:var(--refined)}.k-nearest-neighbour{color:var(--neighbour)}.k-heavy-atoms{color:var(--atoms)}.k-chance{color:var(--soft)}.k-control{color:var(--control)}.k-band{color:var(--soft)}
.legend .key{color:var(--soft)}.legend .k-classical::before{color:var(--classical)}.legend .k-hybrid::before{color:var(--hybrid)}.legend .k-refined::before{color:var(--refined)}.legend .k-nearest-neighbour::before{color:var(--neighbour)}.legend .k-heavy-atoms::before{color:var(--atoms)}.legend .replica-0::before{color:var(--r0)}.legend .replica-1::before{color:var(--r1)}.legend .replica-2::before{color:var(--r2)}.legend .replica-3::before{color:var(--r3)}
.replica-0{color:var(--r0)}.replica-1{color:var(--r1)}.replica-2{color:var(--r2)}.replica-3{color:var(--r3)}
.mark{stroke:var(--soft);stroke-dasharray:3 4;stroke-width:1.2}.note{fill:var(--soft);font-size:12px}.band{fill:var(--soft);opacity:.13}
.dots circle{fill:currentColor;fill-opacity:.75}.dots.open circle{fill:none;stroke:currentColor;stroke-opacity:.7;stroke-width:1.2}
.forest line{stroke:currentColor;stroke-width:2.5;opacity:.55}.forest circle{fill:currentColor}.forest .name{fill:var(--ink)}.forest .value{fill:var(--soft);font-size:12px}
svg.strip{display:block;width:8.75rem;height:1.4rem}.strip .rail{stroke:var(--line);stroke-width:1}.strip .whisker{stroke:var(--hybrid);stroke-width:4;opacity:.28;stroke-linecap:round}.strip .ring{fill:none;stroke:var(--classical);stroke-width:1.6}.strip .dot{fill:var(--hybrid)}.strip .truth{stroke:var(--ink);stroke-width:2}
.guards{list-style:none;margin:0;padding:0}.guards li{display:grid;grid-template-columns:7.6rem 1fr;gap:.2rem 1rem;padding:.7rem 0;border-top:1px solid var(--line)}.guards li:first-child{border-top:0}
.guards .name{color:var(--soft);font-size:.83rem}.guards p{margin:0}
.reasons{list-style:none;margin:0;padding:0}.reasons li+li{border-top:1px solid var(--line);padding-top:.6rem}.reasons p{margin:.3rem 0 .6rem}
details{margin:.35rem 0 0}summary{cursor:pointer;color:var(--accent);font-size:.86rem}
.evidence{font-size:.83rem;margin:.3rem 0 0}
code,.mono{font:.82em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.scroll{max-height:26rem;overflow:auto}
.bar{display:block;height:.5rem;border-radius:4px;background:var(--accent);opacity:.7;min-width:2px}
svg.timing{display:block;width:100%;min-width:10rem;height:.6rem}.timing rect{fill:var(--accent);opacity:.75}
footer{color:var(--soft);font-size:.85rem;padding-top:1.2rem;padding-bottom:3rem;border-top:1px solid var(--line)}
@media (max-width:40rem){h1{font-size:1.5rem}.verdict .say{font-size:1.15rem}.guards li{grid-template-columns:1fr}header.top,main,footer,nav ol{padding-left:1rem;padding-right:1rem}}
@media print{@page{margin:13mm 11mm}:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--faint:#f2f2f2}
body{font-size:9.5pt}nav,.skip{display:none}details::details-content{content-visibility:visible;height:auto}header.top,main,footer{max-width:none;padding-left:0;padding-right:0}section{margin:1.1rem 0}
.card,.tile,figure.plot,.guards li,tr,p{break-inside:avoid}h2,h3,caption,thead,.lead{break-after:avoid}.wide,.scroll{overflow:visible;max-height:none}.wide{border-width:0;border-radius:0}thead{display:table-header-group}
table{font-size:7.6pt}th,td{padding:.22rem .3rem}.any,tbody th{min-width:0}tbody th:not(.any){overflow-wrap:break-word}thead .n{white-space:normal}img.structure{width:6rem;height:4.4rem;border:0}.smiles{font-size:5.6pt;max-height:3.9em}svg.strip{width:6rem;height:1rem}
.compounds .who{min-width:7.5rem;max-width:9rem}.compounds .near{min-width:5rem}.compounds .prop{min-width:6rem}.compounds .score{min-width:6.4rem}.compounds .pairs dd{min-width:0}.compounds .prop dd{overflow-wrap:normal;min-width:1.8rem}.legend{font-size:7.4pt}caption{padding:.3rem 0}.pairs{gap:0 .35rem}.flag{font-size:6.6pt}
.tiles{grid-template-columns:repeat(4,1fr);gap:.5rem}.tile{padding:.5rem .7rem}.tile .big{font-size:1.2rem}.tile small{font-size:.75rem}.card{padding:.7rem 1rem}.verdict .say{font-size:1.2rem}.facts{grid-template-columns:repeat(3,1fr)}
.plots,.plots.one{grid-template-columns:1fr 1fr;max-width:none}.plots.one figure{max-width:60%}.plots.forest{grid-template-columns:1fr}.plots.forest figure{max-width:72%}.plots.small{grid-template-columns:1fr 1fr 1fr}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
