/**
 * The scenes of the sample pictures, as HTML that make.js photographs with Chromium. Drawn rather than
 * photographed so that the project owns every pixel of them: a street, a receipt, and a desk on which one
 * card is tilted and one lies upside down (what the direction model is for).
 */

/**
 * Film grain over the whole scene, so that it is not clean vector text.
 * @param {number} seed @param {number} strength
 */
const grain = (seed, strength) => `
  <svg style="position:absolute;inset:0;width:100%;height:100%;mix-blend-mode:overlay;opacity:${strength}">
    <filter id="grain"><feTurbulence type="fractalNoise" baseFrequency=".8" numOctaves="2" seed="${seed}"/>
      <feColorMatrix type="saturate" values="0"/></filter>
    <rect width="100%" height="100%" filter="url(#grain)"/>
  </svg>`;

const street = {
  name: 'street',
  width: 960,
  height: 640,
  quality: 74,
  html: `<style>
    body { margin:0; width:960px; height:640px; overflow:hidden; position:relative; font-family:Lato, sans-serif;
      background:linear-gradient(#6d9bc4, #a9c6da 55%, #d9dfdc 80%); }
    .wall { position:absolute; left:430px; top:90px; width:560px; height:560px; background:
      linear-gradient(100deg, rgba(0,0,0,.28), transparent 40%),
      repeating-linear-gradient(0deg, #9c5d47 0 18px, #8b4f3c 18px 20px); transform:perspective(900px) rotateY(-14deg); }
    .window { position:absolute; left:70px; top:250px; width:390px; height:270px; border:12px solid #26332f;
      background:linear-gradient(160deg, #33464b, #1d2a2e 60%, #40565a); box-shadow:inset 0 0 60px #000a; }
    .fascia { position:absolute; left:40px; top:120px; width:450px; height:92px; background:linear-gradient(#1f4d43, #173a33);
      border-radius:4px; box-shadow:0 8px 14px #0006; color:#f3e6c4; text-align:center;
      font:700 43px/92px 'Roboto Slab', serif; letter-spacing:.04em; }
    .hours { position:absolute; left:44px; top:40px; color:#f1efe4; font:400 23px/34px Lato, sans-serif; }
    .hours b { font-size:30px; letter-spacing:.06em; }
    .post { position:absolute; left:186px; top:70px; width:20px; height:600px; border-radius:10px 10px 0 0;
      background:linear-gradient(90deg, #3c4448, #aab4b7 45%, #50595c); }
    .arm { position:absolute; height:64px; line-height:64px; color:#fff; font-weight:700; font-size:33px; padding:0 26px;
      white-space:nowrap; box-shadow:0 4px 8px #0005; border-radius:4px; }
    .a { left:56px; top:112px; background:linear-gradient(#0f5aa5, #0b4581); transform:rotate(-2.2deg); }
    .b { left:40px; top:204px; background:linear-gradient(#7a4a1f, #633a15); transform:rotate(1.6deg); font-weight:600; }
    .c { left:120px; top:296px; background:linear-gradient(#2f7d4a, #21603a); transform:rotate(-1deg); font-weight:600; }
    .plate { position:absolute; left:92px; top:404px; width:208px; background:#f6f6f0; border:5px solid #b3201c;
      border-radius:10px; text-align:center; color:#191919; font:700 27px/38px Lato; padding:9px 0; box-shadow:0 4px 8px #0005; }
    .pavement { position:absolute; left:0; right:0; bottom:0; height:74px; background:linear-gradient(#8d8f8b, #6a6c69); }
  </style>
  <div class="wall"><div class="fascia">COFFEE &amp; BOOKS</div>
    <div class="window"><div class="hours"><b>OPEN DAILY</b><br>Monday to Friday 7:30 - 19:00<br>Fresh bread from 8:15</div></div></div>
  <div class="pavement"></div><div class="post"></div>
  <div class="arm a">HARBOUR STREET</div><div class="arm b">Old Town 350 m</div><div class="arm c">City Museum</div>
  <div class="plate">NO PARKING<br>8 am - 6 pm</div>
  ${grain(3, 0.35)}`,
};

const rows = [
  ['2 x Flat white', '7.80'],
  ['1 x Almond croissant', '3.40'],
  ['1 x Orange juice', '4.25'],
  ['3 x Sourdough roll', '4.50'],
  ['1 x Blueberry muffin', '3.15'],
];
const receipt = {
  name: 'receipt',
  width: 640,
  height: 880,
  quality: 66,
  html: `<style>
    body { margin:0; width:640px; height:880px; overflow:hidden; position:relative;
      background:radial-gradient(circle at 30% 20%, #0000, #0007 90%),
      repeating-linear-gradient(91deg, #a9794c 0 7px, #9d6d42 7px 13px, #b08154 13px 22px, #96683e 22px 25px); }
    .paper { position:absolute; left:112px; top:34px; width:372px; padding:30px 26px 40px; transform:rotate(2.6deg);
      background:linear-gradient(115deg, #fdfcf7, #efece2 55%, #dcd8cc); box-shadow:0 12px 26px #000a;
      color:#2b2a2c; font:400 21px/33px 'Liberation Mono', monospace; }
    h1 { font:700 30px/40px 'Liberation Mono', monospace; text-align:center; margin:0; letter-spacing:.05em; }
    p { text-align:center; margin:0 0 14px; } div.row { display:flex; justify-content:space-between; }
    hr { border:0; border-top:2px dashed #8a8880; margin:14px 0; } .total { font-weight:700; font-size:27px; line-height:46px; }
  </style>
  <div class="paper"><h1>CORNER BAKERY</h1><p>14 Mill Lane<br>Tel 0555 018 274</p><hr>
    ${rows.map(([what, price]) => `<div class="row"><span>${what}</span><span>${price}</span></div>`).join('')}<hr>
    <div class="row"><span>Subtotal</span><span>23.10</span></div><div class="row"><span>VAT 10%</span><span>2.31</span></div>
    <div class="row total"><span>TOTAL</span><span>25.41</span></div><hr>
    <p>Card payment<br>12 March 2025 09:41<br>Thank you, see you soon!</p></div>
  ${grain(11, 0.3)}`,
};

const desk = {
  name: 'desk',
  width: 880,
  height: 660,
  quality: 76,
  html: `<style>
    body { margin:0; width:880px; height:660px; overflow:hidden; position:relative; font-family:Cantarell, sans-serif;
      background:radial-gradient(circle at 72% 24%, #fff6, #0000 45%), linear-gradient(140deg, #3f5a5e, #24373b); }
    .card { position:absolute; border-radius:14px; box-shadow:0 16px 30px #0009; overflow:hidden; }
    .pass { left:64px; top:62px; width:600px; height:262px; transform:rotate(-7deg);
      background:linear-gradient(105deg, #fffdf4, #efe6cf); color:#22323f; }
    .pass .head { background:#c4512d; color:#fff7ea; font-size:33px; font-weight:700; line-height:66px; padding:0 28px; letter-spacing:.06em; }
    .pass .body { padding:16px 28px; font-size:25px; line-height:40px; }
    .pass b { font-size:40px; line-height:56px; letter-spacing:.02em; }
    .tag { left:486px; top:424px; width:350px; height:196px; transform:rotate(176deg); background:linear-gradient(#f4d35e, #dcb63a);
      color:#2a2412; padding:18px 26px; box-sizing:border-box; font-size:27px; line-height:43px; }
    .tag b { font-size:38px; line-height:58px; }
    .note { left:78px; top:392px; width:300px; padding:24px 26px; transform:rotate(5deg); border-radius:3px;
      background:linear-gradient(#f7f7fb, #dfe3ee); color:#2a3350; font:400 31px/46px 'Noto Sans CJK SC'; }
  </style>
  <div class="card pass"><div class="head">NORTHERN FERRIES</div><div class="body"><b>Bergen to Lerwick</b><br>Departs 18:45 from Pier 7<br>Cabin 214, upper deck</div></div>
  <div class="card tag"><b>Fragile</b><br>Handle with care<br>Return to room 32</div>
  <div class="card note">欢迎光临<br>请在前台登记</div>
  ${grain(7, 0.4)}`,
};

export const scenes = [street, receipt, desk];
