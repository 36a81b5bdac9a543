"""From events to messages: who is told, with which words, and the way out."""
