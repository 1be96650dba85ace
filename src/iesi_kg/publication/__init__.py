"""The room that joins the stages: receive, decide, publish."""
