// What is wrong with the picture: texts that leave their box or the window, lie over each other, or stand out too little. An array of lines.
() => {
  const problems = [], width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) problems.push(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${width}`);

  const seen = node => {
    for (let e = node; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (style.display === 'none' || style.visibility === 'hidden' || style.clipPath !== 'none') return false;
    }
    return true;
  };
  const clip = (box, node) => {         // to what its scrolling and cutting ancestors show of it
    let { left, top, right, bottom } = box;
    for (let e = node; e && e !== document.body; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (style.overflowX === 'visible' && style.overflowY === 'visible' || e instanceof SVGElement) continue;
      const frame = e.getBoundingClientRect();
      left = Math.max(left, frame.left); right = Math.min(right, frame.right);
      top = Math.max(top, frame.top); bottom = Math.min(bottom, frame.bottom);
    }
    return { left, top, right, bottom };
  };

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!node.data.trim() || ['SCRIPT', 'NOSCRIPT', 'STYLE'].includes(parent.tagName) || parent.closest('.skip, noscript') || !seen(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const whole of range.getClientRects()) {
      const box = clip(whole, parent);
      if (box.right - box.left < 1 || box.bottom - box.top < 4) continue;
      texts.push({ box, node, text: node.data.trim().slice(0, 40) });
      const home = (parent.closest('button, .chip, .card, nav, header, main') ?? document.body).getBoundingClientRect();
      if (box.left < home.left - 1 || box.right > home.right + 1 || box.top < home.top - 2 || box.bottom > home.bottom + 2) problems.push(`'${node.data.trim()}' leaves its box`);
      if (box.left < -1 || box.right > width + 1) problems.push(`'${node.data.trim()}' leaves the window`);
    }
  }
  for (let i = 0; i < texts.length; i++) {
    for (let j = i + 1; j < texts.length; j++) {
      const a = texts[i].box, b = texts[j].box;
      if (texts[i].node !== texts[j].node && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3)
        problems.push(`'${texts[i].text}' lies over '${texts[j].text}'`);
    }
  }

  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const over = (colours, shown = [255, 255, 255]) => {
    for (const colour of colours) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      shown = shown.map((under, i) => under + ([r, g, b][i] - under) * a / 255);
    }
    return shown;
  };
  const light = colour => colour.map(part => part / 255).map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4).reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  for (const parent of new Set(texts.map(text => text.node.parentElement))) {
    const grounds = [];
    for (let e = parent; e; e = e.parentElement) grounds.unshift(getComputedStyle(e).backgroundColor);
    const ground = over(grounds), style = getComputedStyle(parent);
    const front = over([parent instanceof SVGElement ? style.fill : style.color], ground);
    const [high, low] = [light(ground), light(front)].sort((a, b) => b - a), contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) problems.push(`'${parent.textContent.trim().slice(0, 40)}' has a contrast of ${contrast.toFixed(2)}`);
  }
  return [...new Set(problems)];
}
