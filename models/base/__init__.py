"""The ground: tables, access, errors, events, time, amounts, statements. It knows no area."""
