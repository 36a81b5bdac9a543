// The editors' colours: GraphiQL's own are too faint on its grey, and pink.

export const EDITOR_THEME = { light: 'credits-light', dark: 'credits-dark' };

const RULES = {
  light: [
    { token: 'number', foreground: '06633f' },
    { token: 'type.identifier.gql', foreground: '006666' },
    { token: 'argument.identifier.gql', foreground: '4b47a8' },
  ],
  dark: [{ token: 'argument.identifier.gql', foreground: 'b3b0ff' }],
};
const COLORS = {
  light: { accent: '#17615d', wash: '#17615d19', paper: '#ffffff', margin: '#1b6279' },
  dark: { accent: '#7fcfc8', wash: '#7fcfc819', paper: '#1b2229', margin: '#a3afb5' },
};

/** Loads the editor, which is large, while somebody is still choosing a role. */
export async function defineThemes(): Promise<void> {
  const monaco = await import('monaco-graphql/esm/monaco-editor.js');
  for (const scheme of ['light', 'dark'] as const) {
    const { accent, wash, paper, margin } = COLORS[scheme];
    monaco.editor.defineTheme(EDITOR_THEME[scheme], {
      base: scheme === 'light' ? 'vs' : 'vs-dark',
      inherit: true,
      rules: RULES[scheme],
      colors: {
        'editor.background': '#ffffff00',
        'editorLineNumber.foreground': margin,
        'editorWidget.background': paper,
        'editorHoverWidget.background': paper,
        'editorSuggestWidget.background': paper,
        'editorSuggestWidget.selectedBackground': wash,
        'editorSuggestWidget.selectedForeground': accent,
        'list.hoverBackground': wash,
        'list.highlightForeground': accent,
        'list.focusHighlightForeground': accent,
        'menu.background': paper,
        'menu.selectionBackground': wash,
        'menu.selectionForeground': accent,
        'quickInput.background': paper,
        'quickInputList.focusBackground': wash,
        'scrollbar.shadow': '#ffffff00',
        'textLink.foreground': accent,
        focusBorder: accent,
      },
    });
  }
}
