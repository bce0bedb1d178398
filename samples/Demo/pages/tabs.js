// Tabs as the ARIA practices have them: arrows, Home and End move, the address names the tab, a page is loaded when its tab is opened first.
const tabs = [...document.querySelectorAll('[role=tab]')];
const alone = document.getElementById('alone');

function select(tab, isFocused) {
  for (const other of tabs) {
    const isOurs = other === tab;
    other.setAttribute('aria-selected', isOurs);
    other.tabIndex = isOurs ? 0 : -1;
    document.getElementById(other.getAttribute('aria-controls')).hidden = !isOurs;
  }
  const { page } = tab.dataset;
  const panel = document.getElementById(tab.getAttribute('aria-controls'));
  if (page && !panel.firstChild) panel.append(Object.assign(document.createElement('iframe'), { src: page, title: tab.textContent, allow: 'camera; microphone' }));
  alone.hidden = !page;
  alone.href = page ?? '';
  tab.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  if (isFocused) tab.focus();
  history.replaceState(null, '', `#${tab.id.slice(4)}`);
  document.title = `${tab.textContent} · Engine`;
}

for (const [index, tab] of tabs.entries()) {
  tab.onclick = () => select(tab);
  tab.onkeydown = (event) => {
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(tabs[(to + tabs.length) % tabs.length], true);
  };
}
const named = () => tabs.find((tab) => tab.id === `tab-${location.hash.slice(1)}`) ?? tabs[0];
onhashchange = () => select(named());
select(named());
