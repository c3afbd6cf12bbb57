// Sets the colours the reader chose, before anything is painted. Nothing that can wait may enter: this file blocks.
try {
  const theme = localStorage.getItem("polity-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden: the system's colours stay.
}
