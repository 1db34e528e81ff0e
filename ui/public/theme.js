// Runs before the first paint, so that a chosen theme never flashes the other one.
// A file of its own because a strict Content-Security-Policy forbids inline scripts.
try {
  const theme = localStorage.getItem('binnacle.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's preference applies.
}
