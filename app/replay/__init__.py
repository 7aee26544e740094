"""The past judged again under a proposed provision, without a row being written."""
