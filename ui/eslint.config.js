import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

// The same length limits as for C++ in tools/tidy.py: lines 100, functions 70, files 600.
export default tseslint.config(
  { ignores: ['dist', 'node_modules'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ['**/*.{ts,tsx}'],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { 'react-hooks': hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      'react-hooks/exhaustive-deps': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'max-len': ['error', { code: 100, ignoreUrls: true, ignoreTemplateLiterals: true,
        ignoreStrings: true, ignoreRegExpLiterals: true }],
      'max-lines': ['error', { max: 600, skipBlankLines: false }],
      'max-lines-per-function': ['error', { max: 70, skipComments: true }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.test.{ts,tsx}', 'e2e/**', 'dev/**', 'playwright.config.ts'],
    rules: { 'max-lines-per-function': 'off', 'no-console': 'off' },
  },
  { files: ['**/*.{js,mjs}'], ...tseslint.configs.disableTypeChecked,
    languageOptions: { globals: { process: 'readonly', console: 'readonly',
      document: 'readonly', localStorage: 'readonly' } } },
);
