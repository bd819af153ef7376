"""What can be said of a text: its zones, its dates, its paragraphs and sentences, how it folds."""
