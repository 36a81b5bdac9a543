"""Who signs in, and how: accounts, memberships, sessions, links, invitations (ID)."""
