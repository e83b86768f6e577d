"""The page of ``microdot.update``: what runs, a file to choose, and how far it has come.

Nothing is loaded beside it. It looks at the header of a file before it sends it, so that most
mistakes cost nobody a minute; what counts is what the board says.
"""

_HEADERS = {
    'Content-Type': 'text/html; charset=UTF-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "connect-src 'self'; img-src data:; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
}
_PARTS = (
    b"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Update</title><link rel="icon" href="data:,"><style>
:root{color-scheme:light dark;--bg:#f5f6f8;--card:#fff;--text:#1b1f24;--dim:#5b6470;--line:#d5dae1;
--key:#0b62d6;--on:#fff;--bad:#b3261e;--good:#1b6e3c;--warn:#fff4d6}
@media(prefers-color-scheme:dark){:root{--bg:#111418;--card:#1b2026;--text:#e8ebef;--dim:#a3adb9;
--line:#39424d;--key:#7fb4ff;--on:#0b1520;--bad:#ff9d94;--good:#7fd8a0;--warn:#3a3012}}
*{box-sizing:border-box}[hidden]{display:none!important}
body{margin:0;background:var(--bg);color:var(--text);font:17px/1.45 system-ui,sans-serif}
main{max-width:34rem;margin:auto;padding:1.2rem 1rem 3rem}
h1{font-size:1.5rem;margin:.2rem 0 .6rem;overflow-wrap:anywhere}p{margin:.5rem 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem;
margin:1rem 0}
""",
    b"""dl{margin:0}dl div{display:flex;gap:1rem;padding:.45rem 0;justify-content:space-between}
dl div+div{border-top:1px solid var(--line)}dt{color:var(--dim)}
dd{margin:0;text-align:right;overflow-wrap:anywhere;font-weight:600}
small,.dim{color:var(--dim);font-weight:400}.bad{color:var(--bad);font-weight:600}
.good{color:var(--good);font-weight:600}
.warn{background:var(--warn);border-radius:8px;padding:.6rem .8rem}
.drop{display:block;border:2px dashed var(--line);border-radius:10px;padding:1.4rem 1rem;
text-align:center;cursor:pointer;overflow-wrap:anywhere}
.drop.over{border-color:var(--key)}.drop b{display:block;color:var(--key)}
.drop:focus-within{outline:3px solid var(--key);outline-offset:2px}
.drop input{position:absolute;width:1px;height:1px;opacity:0}
.older{display:flex;gap:.6rem;align-items:center;min-height:44px}
.older input{width:20px;height:20px;flex:none;accent-color:var(--key)}
button{font:inherit;font-weight:600;min-height:48px;border-radius:8px;width:100%;margin:1rem 0 0;
padding:.4rem 1rem;border:1px solid var(--key);background:var(--key);color:var(--on)}
button:disabled{background:none;color:var(--dim);border-color:var(--line)}
""",
    b"""progress{appearance:none;width:100%;height:12px;border:0;border-radius:6px;overflow:hidden;
background:var(--line);margin:.8rem 0 .2rem;display:block}
progress::-webkit-progress-bar{background:var(--line)}
progress::-webkit-progress-value{background:var(--key);transition:width .3s}
progress::-moz-progress-bar{background:var(--key)}
progress:not([value])::-webkit-progress-bar{background:none}
progress:not([value])::-moz-progress-bar{background:none}
progress:not([value]){animation:wait 1.6s linear infinite;background:
linear-gradient(90deg,var(--line) 30%,var(--key) 50%,var(--line) 70%) 0/300% 100%}
@keyframes wait{from{background-position:100% 0}to{background-position:0 0}}
@media(prefers-reduced-motion:reduce){progress:not([value]){animation-duration:6s}}
a{color:var(--key)}@media(max-width:40rem){.desk{display:none}}#wrong{margin-top:.8rem}
:focus-visible{outline:3px solid var(--key);outline-offset:2px}
</style></head><body><main><h1>Update</h1>
<div class="card"><dl id="about"><div><dt>Board</dt><dd id="board">&hellip;</dd></div></dl></div>
<p class="warn" id="note" hidden></p>
<form class="card" id="form" hidden>
<label class="drop" id="drop"><input type="file" id="file" accept=".mdu" aria-describedby="what">
<b id="name">Choose an update</b><span class="dim" id="what">a file that ends in .mdu<span
class="desk">, or drop it here</span></span></label>
""",
    b"""<p class="bad" id="wrong" role="alert" hidden></p>
<label class="older" id="older" hidden><input type="checkbox" id="back"><span id="oldtext"></span>
</label><button id="send" disabled>Install</button></form>
<div class="card" id="work" hidden><b id="step" role="status"></b>
<progress id="bar" aria-labelledby="step"></progress><p><small id="more"></small></p></div>
<noscript><p class="warn">This page needs JavaScript. Without it: <code>curl -u name
--data-binary @file.mdu URL</code></p></noscript>
<p><a href="/">Back to the application</a></p></main><script>
const $=i=>document.getElementById(i),text=(i,t)=>{$(i).textContent=t},
show=(i,t)=>{$(i).hidden=!t;if(typeof t=='string')text(i,t)},
kb=n=>n<1024?n+' bytes':Math.round(n/1024)+' KB',
number=v=>v?v.split('.').reduce((a,p)=>a*4096+ +p,0):-1,
wait=s=>new Promise(r=>setTimeout(r,s*1000))
let now,update,busy
async function ask(){const c=new AbortController,t=setTimeout(()=>c.abort(),4000)
try{const r=await fetch(location.pathname,{headers:{Accept:'application/json'},signal:c.signal,
cache:'no-store'})
return r.ok&&r.headers.get('content-type').startsWith('application/json')?await r.json():null
}catch(e){return null}finally{clearTimeout(t)}}
""",
    b"""function row(name,value,state){const d=document.createElement('div')
d.innerHTML='<dt></dt><dd></dd>';d.firstChild.textContent=name;d.lastChild.textContent=value
if(state){const s=document.createElement('small')
s.textContent=state=='trial'?' on trial':' '+state;d.lastChild.append(s)}
$('about').append(d)}
function tell(a){now=a;$('about').textContent='';row('Board',a.board||'unknown')
if('capacity'in a){row('Application',a.version||'none from an update',a.state)
row('Room for an application',kb(a.capacity))}
if(a.firmware){row('Firmware',a.firmware.version||'version unknown',a.firmware.state)
row('Room for a firmware',kb(a.firmware.capacity))}
show('note',!busy&&(a.why||(a.failed?'Version '+a.failed+' did not pass its trial: the board '+
'has gone back to the one before.':'')))
if(!busy)show('form',!a.why)}
const running=a=>update.kind?a.firmware||{}:a
function read(name,size,h){const v=new DataView(h),t=(a,n)=>new TextDecoder()
.decode(new Uint8Array(h,a,n)).replace(/\\0+$/,'')
if(size<145||t(0,4)!='MDU1')return{wrong:name+' is no update: it was not made by "make update".'}
const n=v.getUint32(8,true),u={kind:v.getUint8(4),number:n,length:v.getUint32(12,true),
board:t(48,32),version:[n>>>24,n>>>12&4095,n&4095].join('.')}
""",
    b"""update=u;const room=running(now).capacity
if(u.length+144!=size)u.wrong=name+' is not complete: it was cut short, or something was added.'
else if(u.board!=now.board)u.wrong='This update is for '+u.board+', this board is '+now.board+'.'
else if(room==null)u.wrong='This board takes no '+(u.kind?'firmware':'applications')+' this way.'
else if(u.length>room)u.wrong='The update has '+kb(u.length)+', and there is room for '+kb(room)+'.'
return u}
async function choose(f){if(!f||busy)return
update=read(f.name,f.size,await f.slice(0,144).arrayBuffer());update.file=f
text('name',f.name)
text('what',update.version?'version '+update.version+', '+kb(f.size):kb(f.size))
show('wrong',update.wrong||false)
const old=!update.wrong&&update.number<=number(running(now).version)
show('older',old);text('oldtext','Install it although '+running(now).version+' runs')
$('back').checked=false;ready()}
function ready(){$('send').disabled=!update||!!update.wrong||
!$('older').hidden&&!$('back').checked
text('send',update&&update.version&&!update.wrong?'Install '+update.version:'Install')}
""",
    b"""function step(t,part,more,kind){text('step',t);text('more',more||'')
$('step').className=kind||''
const b=$('bar');b.hidden=!!kind;if(part==null)b.removeAttribute('value');else b.value=part}
function end(good,t,more){busy=false;step(t,0,more,good?'good':'bad');show('form',!good&&!now.why)}
function post(){return new Promise(done=>{const x=new XMLHttpRequest
x.open('POST',location.pathname+($('older').hidden?'':'?older=1'))
x.upload.onprogress=e=>{const n=e.loaded/e.total
step(n<1?'Sending '+update.version:'Writing it to flash',n<1?n:null,
kb(e.loaded)+' of '+kb(e.total)+'. What runs goes on meanwhile.')}
x.onload=()=>done(x.status==200?'':(x.getResponseHeader('content-type')||'').startsWith('text/plain')
?x.responseText:'The board answered '+x.status+'.')
x.onerror=x.onabort=()=>done('The connection was lost before all of it had arrived.')
x.setRequestHeader('Content-Type','application/octet-stream');x.send(update.file)})}
""",
    b"""async function install(){busy=true;show('form',false);show('note',false);show('work',true)
step('Sending '+update.version,0);const wrong=await post(),v=update.version
if(wrong)return end(false,wrong,'Nothing has changed: the board goes on as it is.')
step('The board restarts',null,'It has the update. This takes some seconds, up to a minute.')
for(let n=0,seen=0;;n++){await wait(seen?3:1.5);const a=await ask()
if(!a){if(n==80)step('The board has not come back yet',null,'It goes back to what ran before '+
'by itself if the update does not work. Is it still in this network?');continue}
if(running(a).version==v&&(!a.why||running(a).state=='trial')){tell(a);seen=1
if(running(a).state=='confirmed')return end(true,'Version '+v+' runs.','')
step('Version '+v+' runs, on trial',null,
'It is confirmed when it has run for a minute and answers. You may leave this page.')}
else if(seen||a.failed==v){if(a.why)continue;tell(a);show('note',false)
return end(false,'Version '+v+' did not pass its trial.','The version before runs again.')}}}
$('file').onchange=e=>choose(e.target.files[0]);$('back').onchange=ready
$('form').onsubmit=e=>{e.preventDefault();install()}
""",
    b"""const d=$('drop');for(const k of['dragover','dragleave','drop'])d.addEventListener(k,e=>{
e.preventDefault();d.classList.toggle('over',k=='dragover')
if(k=='drop')choose(e.dataTransfer.files[0])})
async function begin(){for(;;){const a=await ask();if(a)return tell(a)
text('board','no answer yet');await wait(2)}}
begin()
</script></body></html>
""",
)


def page():
    """Return the page, as a route does: its pieces and headers."""
    return iter(_PARTS), _HEADERS
