"""What sessions are reimbursed with."""
