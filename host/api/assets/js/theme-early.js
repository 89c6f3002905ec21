// Sets the theme that was chosen before anything is drawn, so that nothing flashes. js/theme.js changes it.
try {
  const chosen = localStorage.getItem("puppet-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* storage may be closed: the system's theme is used */ }
