"""Files that run inside the user's command: copied beside it, never imported by rnn_codemod."""
