// The way back of the phone and the app's own way back are one.
//
// Flutter puts every address it shows behind the others, also when the officer goes back up by the arrow or 返回: the
// phone's own back then opened the form again that had just been left. Here going up to a place one came through is
// going back to it, and going up to one that was never shown takes the place of what is left. `came` is
// what was shown before an entry, kept in its state beside what Flutter keeps there.
'use strict';

(() => {
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  const RETURNS_WITHIN_MS = 1000;
  let due = null; // what is to be shown once a way back has ended, which takes the browser a moment

  const came = () => (history.state && history.state.came) || [];
  // What is shown there: the path, or in the installed page the fragment.
  const shown = (url) => (url.hash.startsWith('#/') ? url.hash.slice(1) : url.pathname);
  const isAbove = (to, from) => from.includes('/case/') && from.startsWith(to === '/' ? '/' : `${to}/`);

  function returned() {
    const later = due || [];
    due = null;
    later.forEach((one) => history.pushState(...one));
  }

  history.replaceState = (state, title, url) => replace({ ...state, came: came() }, title, url);

  history.pushState = (state, title, url) => {
    if (due) {
      due.push([state, title, url]);
      return;
    }
    const to = shown(new URL(url, document.baseURI));
    const here = shown(location);
    const before = came();
    if (!isAbove(to, here)) {
      push({ ...state, came: [...before, here] }, title, url);
      return;
    }
    const place = before.lastIndexOf(to);
    if (place < 0) {
      replace({ ...state, came: before }, title, url);
      return;
    }
    due = [];
    // After Flutter, which hears of it first and takes the address it finds for the one it is at.
    addEventListener('popstate', () => setTimeout(returned, 0), { once: true });
    setTimeout(() => due && returned(), RETURNS_WITHIN_MS);
    history.go(place - before.length);
  };
})();
