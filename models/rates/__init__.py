"""What a session is reimbursed with (CL-5)."""
