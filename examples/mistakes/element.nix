{
  users.keeper = {
    uid = 1000;
    groups = [
      "lamp"
      7
    ];
  };
}
