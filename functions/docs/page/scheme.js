// The dark scheme of Swagger UI is a class, and the person's choice is the system's. This runs before the page is drawn.
{
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', follow);
  follow();
}
