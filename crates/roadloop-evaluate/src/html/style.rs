//! How the page looks, as the demo's page does, and the few lines that sort its tables.

/// Colours of what became of a box are the same in all pictures and their legend; each kind
/// differs by its line too, for those who cannot tell the colours apart.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5c6878;--line:#d8dde4;--card:#fff;\
--paper:#f4f6f8;--accent:#0b6bcb;--c0:#0b6bcb;--c1:#c2410c;--c2:#0f766e;--c3:#9333ea;\
--c4:#a16207;--c5:#be185d;--good:#15803d;--bad:#b42318}\
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#98a4b3;--line:#2c3541;\
--card:#171d25;--paper:#0f1319;--accent:#5aa9f5;--c0:#5aa9f5;--c1:#fb923c;--c2:#2dd4bf;\
--c3:#c084fc;--c4:#eab308;--c5:#f472b6;--good:#4ade80;--bad:#f87171}}\
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);\
font:16px/1.5 system-ui,sans-serif}main{max-width:1180px;margin:0 auto;padding:32px 20px 64px}\
h1{font-size:28px;margin:0 0 4px}h2{font-size:20px;margin:40px 0 12px}h3{font-size:16px;\
margin:0 0 8px}h1,h2,h3,tbody th,figcaption,li,.soft{overflow-wrap:anywhere}\
td{white-space:nowrap}tbody th{min-width:84px}\
a{color:var(--accent)}.soft{color:var(--soft)}\
nav{display:flex;flex-wrap:wrap;gap:6px 18px;margin:12px 0 20px}\
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px;\
margin-bottom:16px;overflow-x:auto}.card>p{margin:0 0 12px}.card>p:last-child{margin:0}\
.card>table+p:last-child{margin-top:12px}\
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(120px,1fr));gap:12px;\
margin-bottom:16px}.tile{background:var(--card);border:1px solid var(--line);\
border-radius:10px;padding:12px 16px}.tile b{display:block;font-size:26px;line-height:1.2;\
font-variant-numeric:tabular-nums}.tile span{font-size:14px;color:var(--soft)}\
.two{display:grid;grid-template-columns:1fr 1fr;gap:16px}.two>.card{margin:0}\
figure{margin:0}figcaption{font-size:14px;color:var(--soft);margin-top:6px}\
table{border-collapse:collapse;width:100%;font-size:15px}th,td{text-align:right;\
padding:6px 10px;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}\
th:first-child,td:first-child{text-align:left}th{font-weight:600;color:var(--soft)}\
tbody th{font-weight:400;color:var(--ink)}\
th button{all:unset;cursor:pointer}th button:focus-visible{outline:2px solid var(--accent)}\
caption{text-align:left;font-weight:600;padding-bottom:6px}\
.chart{width:100%;height:auto;display:block}.chart text{fill:var(--soft);font-size:12px}\
.chart .grid{stroke:var(--line)}.chart .mark{stroke:var(--ink);stroke-dasharray:4 4}\
.chart polyline{fill:none;stroke-width:1.5;opacity:.85}.chart .all{stroke-width:3;opacity:1}\
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:14px;margin:8px 0 0;padding:0;\
list-style:none}.legend i{display:inline-block;width:18px;height:0;border-top:3px solid;\
margin-right:6px;vertical-align:middle}\
.matrix{width:auto;font-size:14px}.matrix th,.matrix td{padding:4px 8px;text-align:center}\
.matrix tbody th{text-align:right;color:var(--soft)}.matrix td{min-width:44px;\
border:1px solid var(--line);background:color-mix(in srgb,var(--tone,var(--accent)) \
calc(var(--share,0)*70%),transparent)}.matrix td a{color:inherit}\
.matrix .wrong{--tone:var(--c1)}.across{writing-mode:vertical-rl;transform:rotate(180deg);\
max-height:140px;overflow:hidden}\
.cell{display:none}.cell:target{display:block;border-color:var(--accent)}\
.cell ul{margin:0;padding-left:20px;columns:2}\
.bar{display:grid;grid-template-columns:minmax(80px,120px) 1fr 46px 200px;gap:10px;\
align-items:center;font-size:14px;margin:5px 0}.bar div{background:var(--paper);\
border-radius:4px}.bar i{display:block;height:14px;border-radius:4px;\
background:var(--accent)}.bar b{font-weight:400;text-align:right}\
.bar span{overflow-wrap:anywhere}.bar .soft{font-size:13px}\
.shots{display:grid;grid-template-columns:1fr 1fr;gap:16px}.shots>*{min-width:0}\
.shots .card{margin:0;scroll-margin-top:12px}.shots .card:target{border-color:var(--accent)}\
.frame{position:relative;line-height:0;background:#20262e;border-radius:6px;overflow:hidden}\
.frame img{width:100%;display:block}.frame svg{position:absolute;inset:0;width:100%;\
height:100%}.frame.empty svg{position:static;height:auto}\
.frame rect{fill:none;stroke-width:2.5;vector-effect:non-scaling-stroke}\
.frame text{font-family:system-ui,sans-serif;font-weight:600;paint-order:stroke;\
stroke:#000c;stroke-linejoin:round}\
.found{stroke-dasharray:7 4}.right{stroke:#4ade80;fill:#4ade80;color:#15803d}\
.missed{stroke:#ff5d52;fill:#ff5d52}.wrong-class{stroke:#ffb020;fill:#ffb020}\
.false{stroke:#e879f9;fill:#e879f9}.first{stroke:#ffb020;fill:#ffb020}\
.second{stroke:#38bdf8;fill:#38bdf8}.both{stroke:#cbd5e1;fill:#cbd5e1}\
.key{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:14px;color:var(--soft);\
margin:0 0 12px;padding:0;list-style:none}.key svg{width:28px;height:12px;margin-right:6px;\
vertical-align:middle}.key line{stroke-width:3}\
.up{color:var(--good)}.down{color:var(--bad)}.forest{width:180px;height:18px;display:block}\
.forest line{stroke:var(--soft)}.forest .span{stroke:var(--accent);stroke-width:3}\
.forest circle{fill:var(--accent)}\
@media(max-width:760px){.two,.shots{grid-template-columns:1fr}main{padding:20px 12px 48px}\
.card{padding:12px}table{font-size:13px}th,td{padding:6px 4px}.cell ul{columns:1}\
.bar{grid-template-columns:96px 1fr 46px}.bar .soft,.forest{display:none}}\
@media print{nav,script{display:none}.card{break-inside:avoid}}";

/// A click on a column's name sorts by it, a second one the other way round.
pub(super) const SCRIPT: &str = "\
for(const table of document.querySelectorAll('table.sorts'))\
table.querySelectorAll('thead th').forEach((head,column)=>{\
const button=document.createElement('button');button.textContent=head.textContent;\
head.replaceChildren(button);button.onclick=()=>{\
const up=head.ariaSort==='descending';const body=table.tBodies[0];\
for(const other of table.querySelectorAll('thead th'))other.ariaSort=null;\
head.ariaSort=up?'ascending':'descending';\
const value=row=>{const text=row.cells[column].textContent;const number=parseFloat(text);\
return text==='\u{2013}'?-Infinity:isNaN(number)?text:number};\
const order=(a,b)=>typeof a==='number'&&typeof b==='number'?\
(a<b?-1:a>b?1:0):String(a).localeCompare(String(b));\
[...body.rows].sort((a,b)=>(up?1:-1)*order(value(a),value(b)))\
.forEach(row=>body.append(row))}})";
